// KeyCloses: closes the clients of one shard whose key is not trusted any more, evenly over a window. A
// reload that is asked for it begins one.
//
// Thread: the shard's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/time.h"
#include "client/client_id.h"
#include "client/clients.h"
#include "gateway/drain.h"

namespace carillon::gateway {

class KeyCloses {
 public:
  using Trusts = std::function<bool(const protocol::Endpoint&, auth::KeyMark)>;

  explicit KeyCloses(client::Clients& clients) : clients_(clients) {}

  // Finds the open clients whose key `trusts` refuses, and begins to close them: `rate` a second, or faster
  // when that takes longer than `longest`. Those that an earlier call has found and not closed yet are
  // forgotten, because this one finds them again if their key is still gone.
  void begin(MonoTime now, milliseconds longest, std::uint32_t rate, const Trusts& trusts);
  // Closes those that are due. Once a turn.
  void take_step(MonoTime now);
  // When take_step() must be called next; MonoTime::max(): not.
  MonoTime next_wake(MonoTime now) const { return pace_ ? pace_->next_wake(now) : MonoTime::max(); }

 private:
  client::Clients& clients_;
  std::vector<client::ClientId> to_close_;  // in the order of the table
  std::size_t next_ = 0;
  std::optional<DrainPace> pace_;
};

}  // namespace carillon::gateway

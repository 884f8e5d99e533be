// UpgradeJudge: decides about the upgrade requests of one shard. It has the authenticator of each endpoint,
// and keeps the requests whose key is not known yet until their key set has been fetched.
//
// Thread: the shard's.
#pragma once

#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "auth/authenticator.h"
#include "client/client_id.h"
#include "client/counters.h"
#include "client/key_waits.h"
#include "client/shared.h"
#include "client/transient_state.h"
#include "client/upgrade.h"

namespace carillon::client {

class UpgradeJudge {
 public:
  // Both outlive it.
  UpgradeJudge(const Shared& shared, ShardCounters& counters) : shared_(shared), counters_(counters) {}

  // Makes the authenticator of each endpoint. Call it before the first request, and again after the endpoints
  // have been replaced; tokens that were verified before are then forgotten. Changes nothing when it returns
  // an error.
  Result<std::monostate> make_authenticators();

  // The request waits in its exchange (HttpExchange::key_wait): judge it again when take_next() returns it,
  // or when its time is over.
  struct Waits {};
  using Judged = std::variant<Upgrade, Refused, Waits>;
  Judged judge(const protocol::Endpoint& endpoint, HttpExchange& exchange, ClientId client,
               const Requester& requester);

  // Whether the key that verified the token of a client of this endpoint is still one of its keys. Without
  // authentication every one is.
  bool trusts(const protocol::Endpoint& endpoint, auth::KeyMark key) const {
    const auth::Authenticator* const authenticator = authenticators_[endpoint.primary()].get();
    return !authenticator || authenticator->trusts(key);
  }

  // A fetch of a key set has ended: everyone that waits is judged again.
  void on_keys_fetched() { waits_.judge_all(); }
  std::optional<ClientId> take_next() { return waits_.take_next(); }
  bool has_next() const { return waits_.has_next(); }
  std::size_t waiting() const { return waits_.size(); }

 private:
  Judged wait(const protocol::Endpoint& endpoint, HttpExchange& exchange, ClientId client,
              const Requester& requester, Refused refused);

  const Shared& shared_;
  ShardCounters& counters_;
  std::vector<std::unique_ptr<auth::Authenticator>>
      authenticators_;  // by primary endpoint; null: no token required
  KeyWaits waits_;
};

}  // namespace carillon::client

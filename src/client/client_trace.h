// ClientTrace: debug lines about every decision on a client: accepted, subscribed, a subscription refused,
// closed. Each names the client by endpoint, user, address and connection. While debug lines are not written
// it does nothing and keeps nothing.
//
// Thread: the shard's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/ip_address.h"
#include "base/log.h"
#include "client/connection.h"
#include "client/reasons.h"
#include "client/shared.h"
#include "client/sockets.h"
#include "fanout/fan_out.h"

namespace carillon::client {

class ClientTrace {
 public:
  using Index = std::uint32_t;

  // All of it outlives the ClientTrace. `shard`: the shard's number, in the names of its connections.
  struct Parts {
    const Shared& shared;
    const ConnectionTable& connections;
    Sockets& sockets;
    fanout::FanOut& fan_out;
    std::uint32_t shard;
  };
  explicit ClientTrace(const Parts& parts) : parts_(parts) {}

  bool is_on() const { return parts_.shared.log.is_written(LogLevel::debug); }

  // The name of a connection in log lines. No other connection of this process has the same one.
  std::string connection_id(Index index) const;
  // The address of a client: as it was at the upgrade while the trace was on, otherwise the peer's. Empty
  // behind a trusted proxy, whose address would mislead: the client's is not kept.
  std::string address_of(Index index) const;

  // The upgrade was answered with 101. `address`: as a trusted proxy has named it.
  void on_open(Index index, const IpAddress& address, MonoTime now);
  // Something was decided about an open client. `channel` and `why` may be empty.
  void note(Index index, std::string_view message, std::string_view channel = {}, std::string_view why = {});
  // Before the client's socket is closed. `last_bytes`: what it is still sent, as in Clients::close().
  void on_close(Index index, CloseReason why, std::string_view last_bytes, MonoTime now);

 private:
  const Parts parts_;
  struct Opened {
    MonoTime at;
    IpAddress address;
  };
  std::unordered_map<Index, Opened> opened_;  // those that came while the trace was on
};

// The code of the close frame in these frames of a server (RFC 6455 section 5.5.1), if there is one.
std::optional<std::uint16_t> close_code_in(std::string_view frames);

}  // namespace carillon::client

// OpenClients: what every open client of one shard has in common, whatever its transport: how it begins to
// count against limits and in metrics, and how that ends.
//
// Thread: the shard's.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/ip_address.h"
#include "client/clients.h"
#include "client/counters.h"
#include "client/shared.h"
#include "client/sockets.h"
#include "client/upgrade.h"
#include "fanout/fan_out.h"
#include "gateway/audiences.h"
#include "gateway/shard_drain.h"
#include "reactor/loop.h"

namespace carillon::gateway {

class OpenClients {
 public:
  using Index = std::uint32_t;

  // What it works with. All of it outlives the OpenClients.
  struct Parts {
    const client::Shared& shared;
    reactor::Loop& loop;
    client::Sockets& sockets;
    client::Clients& clients;
    fanout::FanOut& fan_out;
    ShardDrain& drain;
    client::ShardCounters& counters;
  };
  explicit OpenClients(const Parts& parts) : parts_(parts) {}
  OpenClients(const OpenClients&) = delete;
  OpenClients& operator=(const OpenClients&) = delete;

  // Counts a client whose request has been admitted: its connection is open from now on. `head` is the
  // response that opens it. Returns false when there is no room for the response, behind answers that the
  // client does not read, and the client has been reset.
  bool enter(Index index, const protocol::Endpoint& endpoint, client::Upgrade& upgrade,
             std::string_view head);
  // Logs the new client, and ends its HttpExchange. Returns the bytes that came behind the request.
  std::string end_exchange(Index index, const protocol::Endpoint& endpoint);

  // New settings are in use: counts the open connections by the limits of addresses and users that they
  // introduce. Behind a trusted proxy the address of an open connection is not known any more; such a
  // connection is not counted by its address.
  void count_by_new_limits();

  // An open client begins to close (ClientHandler::on_left).
  void on_left(Index index);
  // A connection of any kind is about to be free (ClientHandler::on_released).
  void on_released(Index index);

 private:
  void count_late(Index index);

  const Parts parts_;
  // The addresses by which Admission counts open connections; endpoints without such a limit have no entries.
  std::unordered_map<Index, IpAddress> counted_addresses_;
};

}  // namespace carillon::gateway

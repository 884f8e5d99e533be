#pragma once

#include <vector>

#include "gateway/gateway.h"
#include "gateway/inherited_sockets.h"

namespace carillon::app {

// KeptSockets: copies of a gateway's listening sockets, kept open while the process replaces it by another
// one, so that clients that connect meanwhile wait instead of being refused.
//
// Thread: any, one at a time.
class KeptSockets {
 public:
  KeptSockets() = default;
  // `listen`: server.listen of the gateway that they are copied from. Copies without a descriptor are left
  // out; their addresses are bound again.
  KeptSockets(std::vector<gateway::SocketCopy> copies, const std::vector<config::ListenSettings>& listen,
              std::vector<reactor::TicketKey> ticket_keys);

  // Returns copies of those whose address is in `listen`, for a gateway; these sockets stay open for another
  // attempt.
  gateway::Inheritance for_addresses(const std::vector<config::ListenSettings>& listen) const;
  bool is_empty() const { return sockets_.empty(); }

 private:
  std::vector<gateway::InheritedSocket> sockets_;
  std::vector<reactor::TicketKey> ticket_keys_;
};

}  // namespace carillon::app

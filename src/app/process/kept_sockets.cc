#include "app/process/kept_sockets.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

namespace carillon::app {

KeptSockets::KeptSockets(std::vector<gateway::SocketCopy> copies,
                         const std::vector<config::ListenSettings>& listen,
                         std::vector<reactor::TicketKey> ticket_keys)
    : ticket_keys_(std::move(ticket_keys)) {
  for (gateway::SocketCopy& copy : copies) {
    if (!copy.socket) continue;
    const config::ListenSettings& address = listen[copy.options.number];
    gateway::InheritedSocket& kept = sockets_.emplace_back();
    kept.address = {address.host, address.port};
    kept.socket = std::move(copy.socket);
    kept.proxy_protocol = address.proxy_protocol;
    kept.is_shared = copy.options.is_shared;
    kept.tls = address.tls;
  }
}

gateway::Inheritance KeptSockets::for_addresses(const std::vector<config::ListenSettings>& listen) const {
  gateway::Inheritance inheritance;
  inheritance.ticket_keys = ticket_keys_;
  if (sockets_.empty()) return inheritance;
  inheritance.from = gateway::Inheritance::From::gateway_before;
  for (const gateway::InheritedSocket& kept : sockets_) {
    const bool is_wanted =
        std::any_of(listen.begin(), listen.end(), [&](const config::ListenSettings& address) {
          return address.host == kept.address.host && address.port == kept.address.port;
        });
    reactor::FileDescriptor copy(is_wanted ? ::fcntl(kept.socket.get(), F_DUPFD_CLOEXEC, 3) : -1);
    if (!copy) continue;
    inheritance.sockets.push_back(
        {kept.address, std::move(copy), kept.proxy_protocol, kept.is_shared, kept.tls});
  }
  return inheritance;
}

}  // namespace carillon::app

// ListenerOptions: how the connections of one listen address begin.
#pragma once

#include <memory>

#include "config/settings.h"

namespace carillon::reactor {
class TlsContext;
}

namespace carillon::client {

struct ListenerOptions {
  config::ProxyProtocol proxy_protocol = config::ProxyProtocol::off;
  std::shared_ptr<const reactor::TlsContext> tls = nullptr;  // null: plain
  std::size_t number = 0;                                    // in server.listen
  std::size_t position = 0;  // among the sockets of its address, in the order in which they began to listen
  bool is_shared = false;    // other shards accept from the same socket
  bool is_left_over =
      false;  // inherited, of an address that is not in server.listen: closed after a takeover
};

}  // namespace carillon::client

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
};

}  // namespace carillon::client

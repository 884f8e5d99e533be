// The TLS contexts of the configured listen addresses, for start-up and for `carillon check` alike.
#pragma once

#include <memory>
#include <vector>

#include "config/load.h"
#include "reactor/tls_context.h"

namespace carillon::gateway {

struct TlsContexts {
  std::vector<std::shared_ptr<const reactor::TlsContext>> by_listen;  // null: plain
  std::vector<config::Problem> problems;                              // where, what, and what to write
};
// Blocks for some milliseconds a certificate: not on a loop.
TlsContexts make_tls_contexts(const std::vector<config::ListenSettings>& listens);

}  // namespace carillon::gateway

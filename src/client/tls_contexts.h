// The TLS contexts of the configured listen addresses, for start-up and for `carillon check` alike.
#pragma once

#include <memory>
#include <vector>

#include "base/time.h"
#include "config/load.h"
#include "reactor/tls_context.h"

namespace carillon::client {

struct TlsContexts {
  std::vector<std::shared_ptr<const reactor::TlsContext>> by_listen;  // null: plain
  std::vector<config::Problem> problems;                              // where, what, and what to write
  std::vector<config::Problem> warnings;                              // likewise: it works, but not for long
};
// Blocks for some milliseconds a certificate: not on a loop. A certificate that is not valid `now` is a
// problem.
TlsContexts make_tls_contexts(const std::vector<config::ListenSettings>& listens, WallTime now);

}  // namespace carillon::client

// Makes the TLS contexts of the configured listen addresses, for start-up and for `carillon check`.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/load.h"
#include "reactor/tls_context.h"

namespace carillon::client {

struct TlsContexts {
  std::vector<std::shared_ptr<const reactor::TlsContext>> by_listen;  // null: plain
  std::vector<config::Problem> problems;  // each with its place, its cause and what to write instead
  std::vector<config::Problem> warnings;  // it works, but not for long
};
// Blocks for some milliseconds per certificate: do not call it on a loop. A certificate that is not valid
// `now` is a problem.
TlsContexts make_tls_contexts(const std::vector<config::ListenSettings>& listens, WallTime now,
                              const std::shared_ptr<const reactor::TicketKeys>& tickets);
// When the first of the certificates of each address expires, for those that have TLS.
std::vector<std::pair<std::string, WallTime>> certificate_expiries(
    const std::vector<config::ListenSettings>& listens);

}  // namespace carillon::client

// The message with which a process hands its listening sockets to the one that takes over: JSON, with the
// descriptors in the order of its `sockets`. It carries a format version, so that adjacent releases
// understand each other, and secrets (certificates' keys, ticket keys): only over the control socket, and
// never in a log.
//
// Pure; thread: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/listener_options.h"
#include "config/settings.h"
#include "gateway/inherited_sockets.h"

namespace carillon::app {

// `sockets`: of each socket, with the number of its address in `addresses` (server.listen). `watchdog`: as
// the service manager has told this process; it does not tell the next one.
std::string handover_message(std::int64_t pid, std::optional<std::chrono::microseconds> watchdog,
                             const std::vector<client::ListenerOptions>& sockets,
                             const std::vector<config::ListenSettings>& addresses,
                             const std::vector<reactor::TicketKey>& tickets,
                             const std::optional<gateway::InheritedNumbers>& numbers);

struct Handover {
  std::int64_t pid = 0;  // of the process that hands over
  std::optional<std::chrono::microseconds> watchdog = {};
  gateway::Inheritance inheritance;
};
// Fails when the message is not one, has another format, or has another number of sockets than descriptors.
Result<Handover> read_handover(std::string_view message, std::vector<reactor::FileDescriptor> descriptors);

}  // namespace carillon::app

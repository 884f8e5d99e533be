// Listening sockets that the service manager has opened for this process (sd_listen_fds(3)): descriptors from
// 3 on, whose number is in LISTEN_FDS, for the process that LISTEN_PID names.
//
// Thread: the main one, before any other exists. Changes the flags of the descriptors.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "gateway/inherited_sockets.h"

namespace carillon::app {

using EnvironmentVariable = std::function<std::optional<std::string>(std::string_view name)>;

// Returns an inheritance from nowhere when there are none. Every socket must have an address of `listen`; the
// error says which does not, and what to write.
Result<gateway::Inheritance> sockets_of_the_service_manager(
    const EnvironmentVariable& variable, std::int64_t own_pid,
    const std::vector<config::ListenSettings>& listen);

}  // namespace carillon::app

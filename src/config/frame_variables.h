// The variables that a frame template may name, in the order in which their values are passed to it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace carillon::config {

enum class EventVariable : std::size_t {
  channel,  // the event's bus channel
  star,     // what the pattern's star matched
  body,     // the bus body, byte for byte; a pointer may follow: $body/type
  time_s,   // relay time, RFC 3339, seconds
  time_ms,  // the same with milliseconds
  count
};
inline constexpr std::size_t kEventVariableCount = static_cast<std::size_t>(EventVariable::count);
inline constexpr std::array<std::string_view, kEventVariableCount> kEventVariables{"channel", "*", "body",
                                                                                   "time_s", "time_ms"};

}  // namespace carillon::config

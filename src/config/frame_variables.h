// The variables that templates may name, in the order in which their values are passed to them.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace carillon::config {

// The variables of an event's frame.
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

// The variables of frames for a single client (replies, errors, acknowledgements) and of what it publishes. A
// variable without a value is null.
enum class ReplyVariable : std::size_t {
  time_s,   // now
  time_ms,  // the same with milliseconds
  code,     // of an error
  message,  // of an error
  request,  // what the client sent, where it was JSON; a pointer may follow: $request/data/channel
  channel,  // what it subscribed to or unsubscribed from
  subject,  // its token's `sub`
  count
};
inline constexpr std::size_t kReplyVariableCount = static_cast<std::size_t>(ReplyVariable::count);
inline constexpr std::array<std::string_view, kReplyVariableCount> kReplyVariables{
    "time_s", "time_ms", "code", "message", "request", "channel", "subject"};

// Variables of frames that are not specific to one client: refusals, JSON pings, the last frame at `exp`.
inline constexpr std::size_t kTimeVariableCount = 2;
inline constexpr std::span<const std::string_view> kTimeVariables{kReplyVariables.data(), kTimeVariableCount};

// The variables of the last frame before a shutdown's close frame.
inline constexpr std::array<std::string_view, 3> kDrainVariables{
    "time_s", "time_ms", "retry_ms"};  // after how many milliseconds the client should reconnect, a number

}  // namespace carillon::config

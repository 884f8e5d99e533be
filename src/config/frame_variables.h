// The variables that templates may name, in the order in which their values are passed to them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace carillon::config {

// What every template may name: the time, as text (RFC 3339) or as a number of the seconds or milliseconds
// since 1970. TimeValues (protocol/time_values.h) makes their values.
inline constexpr std::array<std::string_view, 4> kTimeVariables{"time_s", "time_ms", "time_unix_s",
                                                                "time_unix_ms"};

// `own`, and then kTimeVariables.
template <std::size_t N>
constexpr std::array<std::string_view, N + kTimeVariables.size()> with_time(
    const std::array<std::string_view, N>& own) {
  std::array<std::string_view, N + kTimeVariables.size()> all{};
  std::copy(own.begin(), own.end(), all.begin());
  std::copy(kTimeVariables.begin(), kTimeVariables.end(), all.begin() + N);
  return all;
}

// The variables of an event's frame: the event's bus channel; what the pattern's star matched; the bus body,
// byte for byte, which a pointer may follow ($body/type); the relay time.
inline constexpr auto kEventVariables = with_time(std::array<std::string_view, 3>{"channel", "*", "body"});

// The variables of frames for a single client (replies, errors, acknowledgements) and of what it publishes. A
// variable without a value is null.
//   code, message  of an error
//   request        what the client sent, where it was JSON; a pointer may follow: $request/data/channel
//   channel        what it subscribed to or unsubscribed from
//   subject        its token's `sub`
inline constexpr auto kReplyVariables =
    with_time(std::array<std::string_view, 5>{"code", "message", "request", "channel", "subject"});

// The variables of the first frame after the 101: the connection's name in the log, a string; and the subject
// of its token, a string, or null when there is none.
inline constexpr auto kOpenVariables = with_time(std::array<std::string_view, 2>{"connection_id", "subject"});

// The variables of the last frame before a shutdown's close frame: after how many milliseconds the client
// should reconnect, a number.
inline constexpr auto kDrainVariables = with_time(std::array<std::string_view, 1>{"retry_ms"});

}  // namespace carillon::config

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
// byte for byte, which a pointer may follow ($body/type); the event's position (event/position.h); the relay
// time.
inline constexpr auto kEventVariables =
    with_time(std::array<std::string_view, 4>{"channel", "*", "body", "position"});
inline constexpr std::size_t kPositionOfEvent = 3;  // the place of $position among them

// The variables of frames for a single client (replies, errors, acknowledgements) and of what it publishes. A
// variable without a value is null.
//   code, message  of an error
//   request        what the client sent, where it was JSON; a pointer may follow: $request/data/channel
//   channel        what it subscribed to or unsubscribed from
//   subject        its token's `sub`
//   position       of a subscription: where it begins, or what its events are sent after
//   recovered      whether everything that the client missed on this channel follows: true or false
//   reason         why it does not
//   events         the retained events, an array of their frames: those of a history command, or the first of
//                  those that a subscribe command asked for
//   more           whether a history command's answer leaves out events, because of a limit
inline constexpr auto kReplyVariables = with_time(std::array<std::string_view, 10>{
    "code", "message", "request", "channel", "subject", "position", "recovered", "reason", "events", "more"});
inline constexpr std::size_t kRecoveredInReply = 6;  // the place of $recovered among them
inline constexpr std::size_t kEventsInReply = 8;     // that of $events

// The variables of the first frame after the 101: the connection's name in the log, a string; the subject of
// its token, a string, or null when there is none; and the position of the last event, after which the next
// follow.
inline constexpr auto kOpenVariables =
    with_time(std::array<std::string_view, 3>{"connection_id", "subject", "position"});

// The variables of a protocol's own ping: the position up to which the client has been sent every event that
// it receives, a string, or null while events wait for it.
inline constexpr auto kPingVariables = with_time(std::array<std::string_view, 1>{"position"});

// The variables of the frame that reports missed events: the channel, or null for all of them; how many, or
// null when that is unknown; the positions of the last event before them and the first after them, each null
// when unknown; and why: "slow", "bus", or the reason for which a resume was not complete.
inline constexpr auto kGapVariables =
    with_time(std::array<std::string_view, 5>{"channel", "count", "before", "after", "reason"});

// The variables of the frames that report that the connection to the bus is lost, and that it is back: what
// it is about, "bus".
inline constexpr auto kStatusVariables = with_time(std::array<std::string_view, 1>{"reason"});

// The variables of the last frame before a shutdown's close frame: after how many milliseconds the client
// should reconnect, a number.
inline constexpr auto kDrainVariables = with_time(std::array<std::string_view, 1>{"retry_ms"});

}  // namespace carillon::config

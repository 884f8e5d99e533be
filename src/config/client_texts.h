// What a client of an endpoint can receive apart from events and replies: close codes with their reasons,
// errors, and the messages of refused upgrades. All of it belongs to the profile; the values here are the
// defaults.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/json_word.h"

namespace carillon::config {

// Code and reason of a close frame.
struct CloseText {
  std::uint16_t code;
  std::string reason;
};

// What is wrong with a command. An error frame has it after the message of its error.
enum class ErrorDetail : std::uint8_t {
  none,
  binary,
  not_json,
  repeated_member,
  wrong_member,
  no_command,
  unknown_command,
  no_channel,
  channels_too_many,
  channel_twice,
  channel_empty,
  channel_too_long,
  channel_control_character,
  channel_reserved,
  publish_member,
  publish_channel,
  client_channels,
  server_channels,
  publishes_waiting,
  not_published,
};

// One key errors.details.* with its default.
struct ErrorDetailOption {
  ErrorDetail detail;
  std::string_view key;
  std::string_view text;
  std::string_view help;
};

inline constexpr std::array kErrorDetails{
    ErrorDetailOption{ErrorDetail::binary, "errors.details.binary", "send text, not binary",
                      "detail of invalid_request: a binary message"},
    ErrorDetailOption{ErrorDetail::not_json, "errors.details.not_json", "it is not JSON",
                      "detail of invalid_request: a message that is not JSON"},
    ErrorDetailOption{ErrorDetail::repeated_member, "errors.details.repeated_member",
                      "a member is given twice", "detail of invalid_request: an object repeats a member"},
    ErrorDetailOption{ErrorDetail::wrong_member, "errors.details.wrong_member",
                      "a member is of the wrong type",
                      "detail of invalid_request: a message that fails commands.require"},
    ErrorDetailOption{
        ErrorDetail::no_command, "errors.details.no_command", "it does not say which command it is",
        "detail of invalid_request: no string at commands.name, and no number or boolean where a "
        "command has one as its name"},
    ErrorDetailOption{ErrorDetail::unknown_command, "errors.details.unknown_command",
                      "there is no such command", "detail of invalid_request: an unknown command"},
    ErrorDetailOption{ErrorDetail::no_channel, "errors.details.no_channel",
                      "the channel is missing or not a string",
                      "detail of subscription_failed: no string where the channel is expected"},
    ErrorDetailOption{ErrorDetail::channels_too_many, "errors.details.channels_too_many",
                      "too many channels in one message",
                      "detail of subscription_failed: an array of more than commands.channels_max channels"},
    ErrorDetailOption{ErrorDetail::channel_twice, "errors.details.channel_twice",
                      "give the channel or the channels, not both",
                      "detail of invalid_request: a channel, and an array at commands.channels"},
    ErrorDetailOption{ErrorDetail::channel_empty, "errors.details.channel_empty",
                      "a channel name must not be empty",
                      "detail of subscription_failed and invalid_request: an empty channel name"},
    ErrorDetailOption{ErrorDetail::channel_too_long, "errors.details.channel_too_long",
                      "a channel name has at most 255 bytes",
                      "detail of subscription_failed and invalid_request: a longer channel name"},
    ErrorDetailOption{
        ErrorDetail::channel_control_character, "errors.details.channel_control_character",
        "a channel name must not hold control characters",
        "detail of subscription_failed and invalid_request: a channel name with control characters"},
    ErrorDetailOption{
        ErrorDetail::channel_reserved, "errors.details.channel_reserved",
        "a channel name must not begin with \"carillon.\": those channels are reserved",
        "detail of subscription_failed and invalid_request: a channel that begins with carillon."},
    ErrorDetailOption{ErrorDetail::publish_member, "errors.details.publish_member",
                      "a member is missing or of the wrong type",
                      "detail of invalid_request: a publish command that fails commands.publish.require"},
    ErrorDetailOption{ErrorDetail::publish_channel, "errors.details.publish_channel",
                      "it does not say where to publish",
                      "detail of invalid_request: no string at commands.publish.channel"},
    ErrorDetailOption{ErrorDetail::client_channels, "errors.details.client_channels", "too many channels",
                      "detail of subscription_failed: more than limits.channels"},
    ErrorDetailOption{ErrorDetail::server_channels, "errors.details.server_channels",
                      "the server has too many channels",
                      "detail of subscription_failed: more than server.channels_max"},
    ErrorDetailOption{ErrorDetail::publishes_waiting, "errors.details.publishes_waiting",
                      "too many events wait for the bus",
                      "detail of rate_limited: more than commands.publish.waiting_max"},
    ErrorDetailOption{ErrorDetail::not_published, "errors.details.not_published", "not published",
                      "detail of internal_error: the bus did not accept the event"},
};
static_assert(kErrorDetails.size() == static_cast<std::size_t>(ErrorDetail::not_published));

// The text of each detail; an empty one adds nothing to the message of its error.
class ErrorDetails {
 public:
  ErrorDetails();
  // "" for ErrorDetail::none.
  std::string& operator[](ErrorDetail detail) { return texts_[static_cast<std::size_t>(detail)]; }
  const std::string& operator[](ErrorDetail detail) const { return texts_[static_cast<std::size_t>(detail)]; }

 private:
  std::array<std::string, kErrorDetails.size() + 1> texts_;
};

// An error of a client or of the gateway: its code and message in the error frame.
struct ErrorText {
  JsonWord code;
  std::string message;
};

// Code and message of each error, the keys errors.* of an endpoint.
struct ErrorSettings {
  ErrorText invalid_request{"invalid_request", "The message format is invalid"};
  ErrorText unauthorized{"unauthorized", "Authentication failed or insufficient permissions"};
  ErrorText subscription_failed{"subscription_failed", "Failed to subscribe to the requested channel"};
  ErrorText internal_error{"internal_error", "Server-side error"};
  ErrorText rate_limited{"rate_limited", "Too many messages"};
  ErrorDetails details;
};

// The messages of refused upgrades, {"message":"…"}: the keys refusals.* of an endpoint. Most are named after
// the reason in the metric that counts refusals.
struct RefusalMessages {
  std::string draining = "shutting down";
  std::string memory = "short of memory";
  std::string connections_max = "too many connections";
  std::string endpoint_full = "too many connections";
  std::string address_full = "too many connections from this address";
  std::string accept_rate = "too many connections from this address";
  std::string process_accept_rate = "too many new connections";
  std::string user_full = "too many connections of this user";
  std::string wrong_keys = "too many wrong keys from this address";
  std::string key_waits = "too many requests at once";
  std::string origin = "origin not allowed";
  std::string repeated_origin = "more than one Origin";
  std::string bad_extensions = "malformed Sec-WebSocket-Extensions";
  std::string bad_path = "the path does not name a channel";
  std::string bad_selection = "the query cannot be read, or asks for too much";
  std::string channel = "the token does not permit a channel";
  std::string stream_body = "a request for a stream has no body";
  std::string no_websocket = "this endpoint has no WebSockets";
};

}  // namespace carillon::config

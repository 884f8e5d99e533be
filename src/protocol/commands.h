#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/frame_variables.h"
#include "config/settings.h"
#include "event/channel_pattern.h"
#include "json/pointer.h"
#include "json/reader.h"
#include "json/template.h"
#include "protocol/requirements.h"
#include "websocket/opcode.h"

namespace carillon::protocol {

using config::ErrorDetail;

// The kinds of errors that a client can receive.
enum class ErrorKind : std::uint8_t {
  invalid_request,
  unauthorized,
  subscription_failed,
  internal_error,
  rate_limited
};

// One parsed command of a client.
struct Command {
  enum class Kind : std::uint8_t { subscribe, unsubscribe, ping, publish, history, refused };
  Kind kind = Kind::refused;
  ErrorKind error = ErrorKind::invalid_request;  // of a refused command
  ErrorDetail detail = ErrorDetail::none;        // of a refused command: what is wrong with it
  // To subscribe to, or the bus channel to publish on. Of a refused command: the name that is not valid.
  std::string channel;
  std::string_view request;  // the message; empty when it is not JSON
  // An array of channels, as JSON; each is a command of its own (Commands::with_channel). Empty: one channel.
  std::string_view channels;
  // Of a subscribe command: what to send before new events. Neither: nothing. Of a history command: the
  // position that its events follow, and at most how many there are.
  std::optional<std::string> position{};  // the events after it; as the client wrote it
  std::optional<std::uint32_t> last{};    // so many of the channel's last events
};

// Commands: parses a client's message into a command, by the pointers of its protocol.
//
// Pure; any thread; immutable once compiled. Views of a Command point into the client's message.
class Commands {
 public:
  // The pointers, templates and patterns must be valid; config/ has checked them.
  static Commands compile(const config::EndpointSettings& settings);

  bool exist() const { return name_.has_value(); }
  Command parse(websocket::Opcode opcode, std::string_view message) const;
  // Returns what parse() would if `list`, a command with an array of channels, had this element of it as its
  // only channel.
  static Command with_channel(const Command& list, const json::Value& element);

  // Returns null when the protocol has no reply.
  const json::Template* subscribed() const { return subscribed_ ? &*subscribed_ : nullptr; }
  // Whether that reply tells a client that asked for missed events whether it gets all of them.
  bool reports_recovery() const { return subscribed_ && subscribed_->uses(config::kRecoveredInReply); }
  // Whether that reply has the first of those events.
  bool has_events_in_reply() const { return subscribed_ && subscribed_->uses(config::kEventsInReply); }
  const json::Template* unsubscribed() const { return unsubscribed_ ? &*unsubscribed_ : nullptr; }
  // What confirms a published event.
  const json::Template* published() const { return published_ ? &*published_ : nullptr; }
  const json::Template* history() const { return history_ ? &*history_ : nullptr; }
  const json::Template& pong() const { return *pong_; }
  const json::Template& event() const { return *event_; }

 private:
  struct Known {
    config::JsonWord is;
    Command::Kind kind;
    std::optional<json::Pointer> channel;
  };
  bool may_be_name(const config::JsonWord& word) const;
  Command read_channel(const Known& known, std::string_view message) const;
  Command read_history(const Known& known, std::string_view message) const;
  Command read_channels(Command command, const json::Value& array) const;
  Command read_publish(const Known& known, std::string_view message) const;

  std::optional<json::Pointer> name_;
  std::vector<Requirement> require_;
  std::vector<Known> known_;
  // Where a command has the past that it asks for.
  struct Past {
    std::optional<json::Pointer> position;
    std::optional<json::Pointer> count;
    std::int64_t least = 0;  // of the count
    std::int64_t most = 0;   // a higher count is this one
  };
  static bool read_past(const Past& past, Command& command);
  Past subscribe_past_;
  Past history_past_;
  // How a command names several channels.
  struct Lists {
    bool channel_may_be_one = false;
    std::optional<json::Pointer> pointer;  // of an array beside the channel
    std::size_t channels_max = 0;
  };
  Lists lists_;
  std::vector<Requirement> publish_require_;
  // The bus channel before and after the part that replaces the star.
  struct PublishTo {
    std::string before;
    std::string behind;
  };
  PublishTo publish_to_;
  std::optional<json::Template> subscribed_;
  std::optional<json::Template> unsubscribed_;
  std::optional<json::Template> published_;
  std::optional<json::Template> history_;
  std::optional<json::Template> pong_;
  std::optional<json::Template> event_;
};

}  // namespace carillon::protocol

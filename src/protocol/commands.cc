#include "protocol/commands.h"

#include <algorithm>

#include "config/frame_variables.h"
#include "event/channel_name.h"
#include "json/reader.h"

namespace carillon::protocol {
namespace {

constexpr unsigned kDepthMax = 32;
constexpr std::int64_t kLastMax =
    1'000'000'000;  // a history has at most a million (config/history_options.cc)

std::optional<json::Pointer> pointer_of(const std::string& text) {
  auto pointer = json::Pointer::parse(text);
  if (text.empty() || !pointer) return std::nullopt;
  return std::move(*pointer);
}

Command refused(ErrorKind error, ErrorDetail detail, std::string_view request = {}) {
  Command command;
  command.error = error;
  command.detail = detail;
  command.request = request;
  return command;
}

ErrorDetail detail_of(ChannelNameFault fault) {
  switch (fault) {
    case ChannelNameFault::none:
    case ChannelNameFault::not_utf8:  // cannot be: a text message is UTF-8, and so are the strings in it
      break;
    case ChannelNameFault::empty:
      return ErrorDetail::channel_empty;
    case ChannelNameFault::too_long:
      return ErrorDetail::channel_too_long;
    case ChannelNameFault::control_character:
      return ErrorDetail::channel_control_character;
    case ChannelNameFault::reserved:
      return ErrorDetail::channel_reserved;
  }
  return ErrorDetail::none;
}

// Nothing for a member that is missing or null.
std::optional<json::Value> value_at(const std::optional<json::Pointer>& pointer, std::string_view message) {
  const auto raw = pointer ? pointer->find(message) : std::nullopt;
  if (!raw || *raw == "null") return std::nullopt;
  return json::Value::of_valid(*raw);
}

std::optional<std::string> string_at(const std::optional<json::Pointer>& pointer, std::string_view message) {
  if (!pointer) return std::nullopt;
  const auto raw = pointer->find(message);
  if (!raw) return std::nullopt;
  auto text = json::Value::of_valid(*raw).string();
  if (!text) return std::nullopt;
  return std::move(*text);
}

// The name of a command as JsonWord holds it: 4, 4.0 and 4e0 are the same number. Nothing for a value that
// cannot be a name.
std::optional<config::JsonWord> word_at(const json::Pointer& pointer, std::string_view message) {
  using Kind = config::JsonWord::Kind;
  const auto raw = pointer.find(message);
  if (!raw) return std::nullopt;
  const json::Value value = json::Value::of_valid(*raw);
  switch (value.type()) {
    case json::Type::string:
      if (auto text = value.string()) return config::JsonWord(std::move(*text), Kind::string);
      return std::nullopt;
    case json::Type::number:
      if (const auto integer = value.integer())
        return config::JsonWord(std::to_string(*integer), Kind::number);
      return std::nullopt;
    case json::Type::boolean:
      return config::JsonWord(std::string(value.raw()), Kind::boolean);
    default:
      return std::nullopt;
  }
}

}  // namespace

Commands Commands::compile(const config::EndpointSettings& settings) {
  const config::CommandSettings& from = settings.commands;
  Commands commands;
  commands.name_ = pointer_of(from.name);
  if (!commands.name_) return commands;
  commands.require_ = compile_requirements(from.require);
  const auto know = [&commands](const config::JsonWord& is, Command::Kind kind, const std::string& channel) {
    if (!is.empty()) commands.known_.push_back({is, kind, pointer_of(channel)});
  };
  know(from.subscribe.is, Command::Kind::subscribe, from.subscribe.channel);
  know(from.unsubscribe.is, Command::Kind::unsubscribe, from.unsubscribe.channel);
  know(from.ping.is, Command::Kind::ping, "");
  know(from.history.is, Command::Kind::history, from.history.channel);
  commands.subscribe_past_ = {pointer_of(from.position), pointer_of(from.last), 0, kLastMax};
  commands.history_past_ = {pointer_of(from.history.after), pointer_of(from.history.limit), 1,
                            from.history.events_max};
  commands.history_ = json::template_if_any(from.history.reply, config::kReplyVariables);
  commands.lists_.channel_may_be_one = from.channel_form == config::ChannelForm::array;
  commands.lists_.pointer = pointer_of(from.channels);
  commands.lists_.channels_max = from.channels_max;
  commands.pong_ = json::template_if_any(from.ping.reply, config::kReplyVariables);
  if (settings.acks == config::Switch::on) {
    commands.subscribed_ = json::template_if_any(from.subscribe.reply, config::kReplyVariables);
    commands.unsubscribed_ = json::template_if_any(from.unsubscribe.reply, config::kReplyVariables);
  }
  if (settings.client_publish == config::Switch::on) {
    know(from.publish.is, Command::Kind::publish, from.publish.channel);
    commands.publish_require_ = compile_requirements(from.publish.require);
    const std::size_t star = from.publish.to.find('*');
    commands.publish_to_.before = from.publish.to.substr(0, star);
    if (star != std::string::npos) commands.publish_to_.behind = from.publish.to.substr(star + 1);
    commands.event_ = json::template_if_any(from.publish.body, config::kReplyVariables);
    commands.published_ = json::template_if_any(from.publish.reply, config::kReplyVariables);
  } else if (from.publish.when_off == config::WhenOff::unauthorized) {
    know(from.publish.is, Command::Kind::refused, "");
  }
  return commands;
}

Command Commands::parse(websocket::Opcode opcode, std::string_view message) const {
  if (opcode != websocket::Opcode::text) return refused(ErrorKind::invalid_request, ErrorDetail::binary);
  json::ParseOptions options;
  options.depth_max = kDepthMax;
  options.bytes_max = message.size();  // inbound.message_bytes_max has bounded it
  const auto parsed = json::parse(message, options);
  if (!parsed)
    return refused(ErrorKind::invalid_request, parsed.error().fault == json::ParseFault::duplicate_member
                                                   ? ErrorDetail::repeated_member
                                                   : ErrorDetail::not_json);
  if (!meets(require_, message))
    return refused(ErrorKind::invalid_request, ErrorDetail::wrong_member, message);
  const auto name = word_at(*name_, message);
  if (!name || !may_be_name(*name)) {
    return refused(ErrorKind::invalid_request, ErrorDetail::no_command, message);
  }
  const auto found =
      std::find_if(known_.begin(), known_.end(), [&name](const Known& each) { return each.is == *name; });
  if (found == known_.end())
    return refused(ErrorKind::invalid_request, ErrorDetail::unknown_command, message);
  switch (found->kind) {
    case Command::Kind::subscribe:
    case Command::Kind::unsubscribe:
      return read_channel(*found, message);
    case Command::Kind::publish:
      return read_publish(*found, message);
    case Command::Kind::history:
      return read_history(*found, message);
    case Command::Kind::refused:
      return refused(ErrorKind::unauthorized, ErrorDetail::none, message);
    case Command::Kind::ping:
      break;
  }
  Command command;
  command.kind = found->kind;
  command.request = message;
  return command;
}

// A string always may; a number or a boolean only where a command has a name of that type.
bool Commands::may_be_name(const config::JsonWord& word) const {
  return word.kind == config::JsonWord::Kind::string ||
         std::any_of(known_.begin(), known_.end(),
                     [&word](const Known& each) { return each.is.kind == word.kind; });
}

Command Commands::read_channel(const Known& known, std::string_view message) const {
  const auto one = value_at(known.channel, message);
  const auto list = value_at(lists_.pointer, message);
  if (one && list) return refused(ErrorKind::invalid_request, ErrorDetail::channel_twice, message);
  if (!one && !list) return refused(ErrorKind::subscription_failed, ErrorDetail::no_channel, message);
  Command command;
  command.kind = known.kind;
  command.request = message;
  if (known.kind == Command::Kind::subscribe && !read_past(subscribe_past_, command)) {
    return refused(ErrorKind::invalid_request, ErrorDetail::wrong_member, message);
  }
  const json::Value& value = one ? *one : *list;
  const bool is_array = list || (lists_.channel_may_be_one && value.is(json::Type::array));
  return is_array ? read_channels(std::move(command), value) : with_channel(command, value);
}

// Returns false when a position or a number of events is none. A position that only looks like one is for the
// history to judge, whose answer says that it is unknown.
bool Commands::read_past(const Past& past, Command& command) {
  if (const auto position = value_at(past.position, command.request)) {
    auto text = position->string();
    if (!text) return false;
    command.position = std::move(*text);
  }
  if (const auto last = value_at(past.count, command.request)) {
    const auto count = last->integer();
    if (!count || *count < past.least) return false;
    command.last = static_cast<std::uint32_t>(std::min(*count, past.most));
  }
  return true;
}

Command Commands::read_channels(Command command, const json::Value& array) const {
  const std::string_view message = command.request;
  if (!array.is(json::Type::array))
    return refused(ErrorKind::subscription_failed, ErrorDetail::no_channel, message);
  std::size_t count = 0;
  for (const json::Value& element : array.elements()) {
    static_cast<void>(element);
    if (++count > lists_.channels_max) {
      return refused(ErrorKind::subscription_failed, ErrorDetail::channels_too_many, message);
    }
  }
  if (count == 0) return refused(ErrorKind::subscription_failed, ErrorDetail::no_channel, message);
  command.channels = array.raw();
  return command;
}

Command Commands::with_channel(const Command& list, const json::Value& element) {
  const std::string_view message = list.request;
  auto channel = element.string();
  if (!channel) return refused(ErrorKind::subscription_failed, ErrorDetail::no_channel, message);
  if (const auto fault = channel_name_fault(*channel); fault != ChannelNameFault::none) {
    Command invalid = refused(ErrorKind::subscription_failed, detail_of(fault), message);
    invalid.channel = std::move(*channel);
    return invalid;
  }
  Command command;
  command.kind = list.kind;
  command.channel = std::move(*channel);
  command.request = message;
  command.position = list.position;
  command.last = list.last;
  return command;
}

Command Commands::read_history(const Known& known, std::string_view message) const {
  const auto channel = value_at(known.channel, message);
  Command command;
  command.kind = known.kind;
  command.request = message;
  command.last = static_cast<std::uint32_t>(history_past_.most);
  if (!channel) return refused(ErrorKind::subscription_failed, ErrorDetail::no_channel, message);
  if (!read_past(history_past_, command)) {
    return refused(ErrorKind::invalid_request, ErrorDetail::wrong_member, message);
  }
  return with_channel(command, *channel);
}

Command Commands::read_publish(const Known& known, std::string_view message) const {
  if (!meets(publish_require_, message)) {
    return refused(ErrorKind::invalid_request, ErrorDetail::publish_member, message);
  }
  std::string channel = publish_to_.before;
  if (known.channel) {
    const auto part = string_at(known.channel, message);
    if (!part || part->empty()) {
      return refused(ErrorKind::invalid_request, ErrorDetail::publish_channel, message);
    }
    channel += *part + publish_to_.behind;
  }
  if (const auto fault = bus_channel_fault(channel); fault != ChannelNameFault::none) {
    return refused(ErrorKind::invalid_request, detail_of(fault), message);
  }
  Command command;
  command.kind = Command::Kind::publish;
  command.channel = std::move(channel);
  command.request = message;
  return command;
}

}  // namespace carillon::protocol

// For any message of a client the reply is valid JSON, and a channel taken from the message is a valid name.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "event/channel_name.h"
#include "json/validate.h"
#include "protocol/commands.h"
#include "protocol/replies.h"

namespace {

using carillon::protocol::Command;
using carillon::protocol::Commands;
using carillon::protocol::Replies;

constexpr std::uint32_t kHistoryMax = 100;

carillon::config::EndpointSettings chat() {
  carillon::config::EndpointSettings settings;
  auto& commands = settings.commands;
  commands.name = "/type";
  using Requirement = carillon::config::Requirement;
  commands.require = {{"", Requirement::Type::object, Requirement::Presence::required},
                      {"/data", Requirement::Type::object, Requirement::Presence::optional}};
  commands.subscribe = {"subscribe", "/data/channel", R"({"subscribed":$channel,"to":$request})"};
  commands.unsubscribe = {"unsubscribe", "/data/channel", R"({"unsubscribed":$channel})"};
  commands.channel_form = carillon::config::ChannelForm::array;
  commands.channels_max = 4;
  commands.ping = {"ping", R"({"pong":$request/data})"};
  commands.publish.is = "chat_message";
  commands.publish.channel = "/data/conversation_id";
  commands.publish.to = "chat.*";
  commands.publish.body = R"({"said":$request/data/content})";
  commands.position = "/data/position";
  commands.last = "/data/last";
  commands.history.is = "history";
  commands.history.channel = "/data/channel";
  commands.history.after = "/data/after";
  commands.history.limit = "/data/limit";
  commands.history.reply = R"({"events":$events,"of":$channel,"to":$request})";
  settings.frames.error = R"({"code":$code,"message":$message,"request":$request})";
  settings.acks = carillon::config::Switch::on;
  settings.client_publish = carillon::config::Switch::on;
  return settings;
}

void expect_json(const carillon::json::Template& made, const Command& command) {
  std::string out;
  carillon::protocol::render_reply(made, {.now = {}, .request = command.request, .channel = command.channel},
                                   out);
  if (!carillon::json::is_valid(out, carillon::json::kDepthMax)) std::abort();
}

void expect_good(const Commands& commands, const Replies& replies, const Command& command) {
  const bool names_a_channel =
      carillon::channel_name_fault(command.channel) == carillon::ChannelNameFault::none;
  switch (command.kind) {
    case Command::Kind::subscribe:
      if (!names_a_channel) std::abort();
      expect_json(*commands.subscribed(), command);
      break;
    case Command::Kind::unsubscribe:
      if (!names_a_channel) std::abort();
      expect_json(*commands.unsubscribed(), command);
      break;
    case Command::Kind::ping:
      expect_json(commands.pong(), command);
      break;
    case Command::Kind::publish:
      if (!names_a_channel || !command.channel.starts_with("chat.")) std::abort();
      expect_json(commands.event(), command);
      break;
    case Command::Kind::history:
      if (!names_a_channel || commands.history() == nullptr) std::abort();
      if (command.last && (*command.last == 0 || *command.last > kHistoryMax)) std::abort();
      break;
    case Command::Kind::refused: {
      std::string out;
      const carillon::protocol::ErrorValues error{command.error, command.detail, command.request,
                                                  command.channel};
      if (!replies.error(error, {}, out)) std::abort();
      if (!carillon::json::is_valid(out, carillon::json::kDepthMax)) std::abort();
      break;
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const carillon::config::EndpointSettings settings = chat();
  static const Commands commands = Commands::compile(settings);
  static const Replies replies = Replies::compile(settings);
  const std::string_view message(reinterpret_cast<const char*>(data), size);
  const Command command = commands.parse(carillon::websocket::Opcode::text, message);
  if (command.channels.empty()) {
    expect_good(commands, replies, command);
    return 0;
  }
  std::size_t count = 0;
  for (const carillon::json::Value& element : carillon::json::Value::of_valid(command.channels).elements()) {
    expect_good(commands, replies, Commands::with_channel(command, element));
    ++count;
  }
  if (count == 0 || count > settings.commands.channels_max) std::abort();
  return 0;
}

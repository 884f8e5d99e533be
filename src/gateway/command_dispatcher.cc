#include "gateway/command_dispatcher.h"

#include <string>
#include <utility>

#include "base/soft_allocation.h"
#include "protocol/replies.h"
#include "websocket/frame_writer.h"

namespace carillon::gateway {

using namespace client;
using namespace protocol;
namespace {

// Of all replies to one array of channels, which may each repeat the client's message.
constexpr std::size_t kListRepliesBytesMax = 1024 * 1024;

bool is_permitted(const CommandClient& client, std::string_view channel) {
  return !client.identity || client.identity->permits(channel);
}

std::string_view subject_of(const CommandClient& client) {
  return client.identity ? client.identity->subject() : std::string_view{};
}

}  // namespace

bool CommandDispatcher::handle(const CommandClient& client, const Command& command) {
  if (!command.channels.empty()) return handle_each(client, command);
  counters_.commands.add();
  switch (command.kind) {
    case Command::Kind::subscribe:
      return subscribe(client, command);
    case Command::Kind::unsubscribe:
      return unsubscribe(client, command);
    case Command::Kind::ping:
      return send_reply(client, &client.endpoint.commands.pong(), command);
    case Command::Kind::publish:
      return publish(client, command);
    case Command::Kind::refused:
      if (command.detail == ErrorDetail::channel_reserved) counters_.commands_reserved.add();
      host_.note_decision(client.id, "command refused", {}, "it is not a valid command");
      break;
  }
  return send_error(client, command.error, command.detail, command.request);
}

// The replies are sent together, because each must come before the events of its channel, although together
// they may be more than a full outbox takes.
bool CommandDispatcher::handle_each(const CommandClient& client, const Command& list) {
  std::string replies;
  replies_ = &replies;
  bool goes_on = true;
  for (const json::Value& element : json::Value::of_valid(list.channels).elements()) {
    Command command;
    const auto read = [&] { command = Commands::with_channel(list, element); };
    goes_on = try_allocate(element.raw().size(), read) ? handle(client, command) : give_up(client);
    if (!goes_on) break;
  }
  replies_ = nullptr;
  return goes_on && (replies.empty() || host_.send_frames(client.id, replies));
}

// Returns false when nothing more of the client may be handled.
bool CommandDispatcher::send(const CommandClient& client, std::string_view payload) {
  if (!replies_) return host_.send_text(client.id, payload);
  if (replies_->size() + payload.size() > kListRepliesBytesMax) return give_up(client);
  const auto append = [&] { websocket::append_frame(*replies_, websocket::Opcode::text, payload); };
  return try_allocate(payload.size(), append) || give_up(client);
}

bool CommandDispatcher::subscribe(const CommandClient& client, const Command& command) {
  const Endpoint& endpoint = client.endpoint;
  const auto refuse = [&](ErrorDetail detail, std::string_view why) {
    host_.note_decision(client.id, "command refused", command.channel, why);
    return send_error(client, ErrorKind::subscription_failed, detail, command.request);
  };
  if (!is_permitted(client, command.channel)) return refuse_unpermitted(client, command.channel, command);
  if (endpoint.source.is_reserved(command.channel)) {
    counters_.commands_reserved.add();
    return refuse(ErrorDetail::channel_reserved, "the channel is reserved");
  }
  if (command.channel.find('*') != std::string::npos) {
    incidents_.on_literal_star(command.channel, endpoint.settings.name, loop_.now());
  }
  switch (audiences_.subscribe_to_channel(client.id.index, endpoint, command.channel)) {
    case Audiences::Outcome::subscribed:
      break;
    case Audiences::Outcome::client_has_too_many:
      return refuse(ErrorDetail::client_channels, "the client has too many channels");
    case Audiences::Outcome::shard_has_too_many:
      return refuse(ErrorDetail::server_channels, "the shard has too many channels");
  }
  host_.note_decision(client.id, "client subscribed", command.channel, {});
  return send_reply(client, endpoint.commands.subscribed(), command);
}

bool CommandDispatcher::refuse_unpermitted(const CommandClient& client, std::string_view channel,
                                           const Command& command) {
  host_.note_decision(client.id, "command refused", channel, "the token does not permit the channel");
  return send_error(client, ErrorKind::unauthorized, ErrorDetail::none, command.request);
}

bool CommandDispatcher::unsubscribe(const CommandClient& client, const Command& command) {
  audiences_.unsubscribe_from_channel(client.id.index, client.endpoint, command.channel);
  host_.note_decision(client.id, "client unsubscribed", command.channel, {});
  return send_reply(client, client.endpoint.commands.unsubscribed(), command);
}

bool CommandDispatcher::publish(const CommandClient& client, const Command& command) {
  const Endpoint& endpoint = client.endpoint;
  const auto match = endpoint.source.match(command.channel);
  const std::string_view name = match ? match->star : std::string_view(command.channel);
  if (!is_permitted(client, name)) return refuse_unpermitted(client, name, command);
  std::string body;
  const ReplyValues values{
      .now = loop_.wall_now(), .request = command.request, .channel = name, .subject = subject_of(client)};
  const auto render = [&] { render_reply(endpoint.commands.event(), values, body); };
  if (!try_allocate(command.request.size(), render)) return give_up(client);
  const auto done = [this, id = client.id](bus::PublishResult result) {
    if (result == bus::PublishResult::accepted) return;
    loop_.post_always([this, id] { on_not_published(id); });
  };
  if (publisher_.publish(command.channel, std::move(body), done)) return true;
  counters_.publishes_failed.add();
  return send_error(client, ErrorKind::internal_error, ErrorDetail::not_published, command.request);
}

void CommandDispatcher::on_not_published(ClientId id) {
  counters_.publishes_failed.add();
  if (const auto client = host_.find_open(id)) {
    send_error(*client, ErrorKind::internal_error, ErrorDetail::not_published);
  }
}

bool CommandDispatcher::send_reply(const CommandClient& client, const json::Template* reply,
                                   const Command& command) {
  if (!reply) return true;
  const ReplyValues values{.now = loop_.wall_now(),
                           .request = command.request,
                           .channel = command.channel,
                           .subject = subject_of(client)};
  std::string payload;
  const auto render = [&] { render_reply(*reply, values, payload); };
  if (!try_allocate(command.request.size(), render)) return give_up(client);
  return send(client, payload);
}

bool CommandDispatcher::send_error(const CommandClient& client, ErrorKind kind, ErrorDetail detail,
                                   std::string_view request) {
  std::string payload;
  bool has_frame = false;
  const auto render = [&] {
    has_frame = client.endpoint.replies.error(kind, detail, request, loop_.wall_now(), payload);
  };
  if (!try_allocate(request.size(), render)) return give_up(client);
  if (!has_frame) return true;
  counters_.error_frames.add();
  return send(client, payload);
}

// A reply repeats parts of the client's message, so its length is the client's choice.
bool CommandDispatcher::give_up(const CommandClient& client) {
  host_.close_for_memory(client.id);
  return false;
}

}  // namespace carillon::gateway

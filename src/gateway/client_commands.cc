// What a client asks for with its messages: channels, answers, events of its own.
#include "event/channel_name.h"
#include "gateway/shard.h"
#include "websocket/frame_writer.h"

namespace carillon::gateway {

// Each of these is false when the outbox is full: its reply is held, and the client is read no further.
bool Shard::handle_command(Index index, const Command& command) {
  counters_.commands.add();
  const Endpoint& endpoint = shared_.endpoints[connections_[index].endpoint];
  switch (command.kind) {
    case Command::Kind::subscribe:
      return subscribe(index, command);
    case Command::Kind::unsubscribe:
      return unsubscribe(index, command);
    case Command::Kind::ping:
      return tell(index, &endpoint.commands.pong(), command);
    case Command::Kind::publish:
      return publish(index, command);
    case Command::Kind::refused:
      if (command.reserved) counters_.commands_reserved.add();
      break;
  }
  return tell_error(index, command.error, command.detail, command.request);
}

bool Shard::subscribe(Index index, const Command& command) {
  const Connection& connection = connections_[index];
  const Endpoint& endpoint = shared_.endpoints[connection.endpoint];
  if (connection.identity && !connection.identity->permits(command.channel)) {
    return tell_error(index, ErrorKind::unauthorized, {}, command.request);
  }
  if (endpoint.source.is_reserved(command.channel)) {
    counters_.commands_reserved.add();
    return tell_error(index, ErrorKind::subscription_failed, describe(ChannelNameFault::reserved),
                      command.request);
  }
  if (command.channel.find('*') != std::string::npos) {
    incidents_.on_literal_star(command.channel, endpoint.settings.name, loop_.now());
  }
  switch (audiences_.subscribe_to_channel(index, endpoint, command.channel)) {
    case Audiences::Outcome::subscribed:
      break;
    case Audiences::Outcome::client_has_too_many:
      return tell_error(index, ErrorKind::subscription_failed, "too many channels", command.request);
    case Audiences::Outcome::shard_has_too_many:
      return tell_error(index, ErrorKind::subscription_failed, "the server has too many channels",
                        command.request);
  }
  return tell(index, endpoint.commands.subscribed(), command);
}

bool Shard::unsubscribe(Index index, const Command& command) {
  const Endpoint& endpoint = shared_.endpoints[connections_[index].endpoint];
  audiences_.unsubscribe_from_channel(index, endpoint, command.channel);
  return tell(index, endpoint.commands.unsubscribed(), command);
}

bool Shard::publish(Index index, const Command& command) {
  const Connection& connection = connections_[index];
  const Endpoint& endpoint = shared_.endpoints[connection.endpoint];
  const auto match = endpoint.source.match(command.channel);
  const std::string_view name = match ? match->star : std::string_view(command.channel);
  if (connection.identity && !connection.identity->permits(name)) {
    return tell_error(index, ErrorKind::unauthorized, {}, command.request);
  }
  std::string body;
  ReplyValues values{.now = loop_.wall_now(), .request = command.request, .channel = name};
  if (connection.identity) values.subject = connection.identity->subject();
  render_reply(endpoint.commands.event(), values, body);
  const std::uint32_t generation = connection.generation;
  const auto done = [this, index, generation](bus::PublishResult result) {
    if (result == bus::PublishResult::accepted) return;
    loop_.post_always([this, index, generation] {
      const Connection* still = connections_.find(index, generation);
      if (still && still->state == State::open) tell_error(index, ErrorKind::internal_error, "not published");
    });
  };
  if (shared_.publisher.publish(command.channel, std::move(body), done)) return true;
  return tell_error(index, ErrorKind::internal_error, "not published", command.request);
}

bool Shard::tell(Index index, const json::Template* reply, const Command& command) {
  if (!reply) return true;
  ReplyValues values{.now = loop_.wall_now(), .request = command.request, .channel = command.channel};
  if (connections_[index].identity) values.subject = connections_[index].identity->subject();
  std::string payload;
  render_reply(*reply, values, payload);
  return say_text(index, payload);
}

bool Shard::tell_error(Index index, ErrorKind kind, std::string_view detail, std::string_view request) {
  const Endpoint& endpoint = shared_.endpoints[connections_[index].endpoint];
  std::string payload;
  if (!endpoint.replies.error(kind, detail, request, loop_.wall_now(), payload)) return true;
  counters_.errors_told.add();
  return say_text(index, payload);
}

bool Shard::say_text(Index index, std::string_view payload) {
  std::string frame;
  websocket::append_frame(frame, websocket::Opcode::text, payload);
  return reply(index, frame);
}

}  // namespace carillon::gateway

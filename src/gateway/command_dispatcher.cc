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
  if (!is_permitted(client, command.channel)) return refuse_unpermitted(client, command.channel, command);
  if (endpoint.source.is_reserved(command.channel)) {
    counters_.commands_reserved.add();
    host_.note_decision(client.id, "command refused", command.channel, "the channel is reserved");
    return send_error(client, ErrorKind::subscription_failed, ErrorDetail::channel_reserved, command.request);
  }
  if (command.channel.find('*') != std::string::npos) {
    incidents_.on_literal_star(command.channel, endpoint.settings.name, loop_.now());
  }
  if (command.position || command.last) {
    host_.begin_resume(client, command);
    return true;
  }
  return subscribe_now(client, command);
}

bool CommandDispatcher::subscribe_now(const CommandClient& client, const Command& command) {
  const auto outcome = audiences_.subscribe_to_channel(client.id.index, client.endpoint, command.channel);
  if (outcome != Audiences::Outcome::subscribed) return refuse_subscription(client, command, outcome);
  host_.note_decision(client.id, "client subscribed", command.channel, {});
  return send_reply(client, client.endpoint.commands.subscribed(), command,
                    {host_.position_of(audiences_.last_event()), std::nullopt, {}});
}

bool CommandDispatcher::refuse_subscription(const CommandClient& client, const Command& command,
                                            Audiences::Outcome why) {
  const bool by_client = why == Audiences::Outcome::client_has_too_many;
  host_.note_decision(client.id, "command refused", command.channel,
                      by_client ? "the client has too many channels" : "the shard has too many channels");
  return send_error(client, ErrorKind::subscription_failed,
                    by_client ? ErrorDetail::client_channels : ErrorDetail::server_channels, command.request);
}

// A client that is subscribed already asks for what it has missed nevertheless: its subscription begins anew,
// so that it gets the events after the position once and in order.
void CommandDispatcher::finish_subscribe(const CommandClient& client, const Command& command,
                                         ResumeAnswer answer) {
  audiences_.unsubscribe_from_channel(client.id.index, client.endpoint, command.channel);
  const auto outcome = audiences_.subscribe_to_channel(client.id.index, client.endpoint, command.channel);
  if (outcome != Audiences::Outcome::subscribed) {
    refuse_subscription(client, command, outcome);
    return;
  }
  const bool recovered = answer.outcome == ResumeOutcome::recovered;
  const std::string_view reason = recovered ? std::string_view() : name_of(answer.outcome);
  // An answer that came without the history's has no number.
  const std::uint64_t begins_after = answer.number > 0 ? answer.begins_after() : audiences_.last_event();
  host_.note_decision(client.id, recovered ? "client resumed" : "client subscribed without recovery",
                      command.channel, reason);
  send_reply(client, client.endpoint.commands.subscribed(), command,
             {host_.position_of(begins_after), recovered, reason});
  if (!recovered && !client.endpoint.commands.reports_recovery()) {
    host_.report_gap(client, command.channel, reason);
  }
  if (!answer.events.empty()) host_.replay(client.id, std::move(answer.events));
}

bool CommandDispatcher::refuse_unpermitted(const CommandClient& client, std::string_view channel,
                                           const Command& command) {
  host_.note_decision(client.id, "command refused", channel, "the token does not permit the channel");
  return send_error(client, ErrorKind::unauthorized, ErrorDetail::none, command.request);
}

bool CommandDispatcher::unsubscribe(const CommandClient& client, const Command& command) {
  audiences_.unsubscribe_from_channel(client.id.index, client.endpoint, command.channel);
  host_.cancel_resume(client.id, command.channel);
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
                                   const Command& command, const Standing& standing) {
  if (!reply) return true;
  const ReplyValues values{.now = loop_.wall_now(),
                           .request = command.request,
                           .channel = command.channel,
                           .subject = subject_of(client),
                           .position = standing.position,
                           .recovered = standing.recovered,
                           .reason = standing.reason};
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

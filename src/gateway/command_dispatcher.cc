#include "gateway/command_dispatcher.h"

#include <span>
#include <string>
#include <utility>

#include "base/assert.h"
#include "base/soft_allocation.h"
#include "websocket/frame_writer.h"

namespace carillon::gateway {

using namespace client;
using namespace protocol;
namespace {

// Of all replies to one array of channels, which may each repeat the client's message.
constexpr std::size_t kListRepliesBytesMax = 1024 * 1024;

// Of answers to history commands that say that the client does not read fast enough for the events.
constexpr std::size_t kLateRefusalsBytesMax = 256 * 1024;

std::size_t page_bytes_of(const Endpoint& endpoint) { return endpoint.settings.commands.history.bytes_max; }

std::size_t bytes_of(const history::Records& events) {
  std::size_t bytes = 2;
  for (const auto& event : events) bytes += event->payload().size() + 1;
  return bytes;
}

// The frames of these events as a JSON array.
std::string array_of(std::span<const Ref<const history::Record>> events) {
  std::string array = "[";
  for (const auto& event : events) {
    if (array.size() > 1) array += ',';
    array += event->payload();
  }
  return array + "]";
}

// Moves the first of the events into `array`, and returns the number of the last one that was moved.
std::uint64_t take_first(const Endpoint& endpoint, ResumeAnswer& answer, std::string& array) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < answer.events.size()) {
    bytes += answer.events[count]->payload().size();
    if (count > 0 && bytes > page_bytes_of(endpoint)) break;
    ++count;
  }
  array = array_of(std::span(answer.events).first(count));
  const std::uint64_t last = answer.events[count - 1]->number();
  answer.events.erase(answer.events.begin(), answer.events.begin() + static_cast<std::ptrdiff_t>(count));
  return answer.events.empty() ? answer.number : last;
}

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
    case Command::Kind::history:
      return read_history(client, command);
    case Command::Kind::refused:
      if (command.detail == ErrorDetail::channel_reserved) counters_.commands_reserved.add();
      host_.note_decision(client.id, "command refused", {}, "it is not a valid command");
      break;
  }
  return send_error(client, {command.error, command.detail, command.request, command.channel});
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
  if (endpoint.source.is_reserved(command.channel)) return refuse_reserved(client, command);
  if (command.channel.find('*') != std::string::npos) {
    incidents_.on_literal_star(command.channel, endpoint.settings.name, loop_.now());
  }
  if (command.position || command.last) {
    host_.begin_resume(client, command);
    return true;
  }
  return subscribe_now(client, command);
}

bool CommandDispatcher::read_history(const CommandClient& client, const Command& command) {
  if (!is_permitted(client, command.channel)) return refuse_unpermitted(client, command.channel, command);
  if (client.endpoint.source.is_reserved(command.channel)) return refuse_reserved(client, command);
  host_.begin_resume(client, command);
  return true;
}

bool CommandDispatcher::refuse_reserved(const CommandClient& client, const Command& command) {
  counters_.commands_reserved.add();
  host_.note_decision(client.id, "command refused", command.channel, "the channel is reserved");
  return send_error(client, {ErrorKind::subscription_failed, ErrorDetail::channel_reserved, command.request,
                             command.channel});
}

// The reply comes before events that wait for a client that was subscribed already. It names no position
// then: the client would take them for received.
bool CommandDispatcher::subscribe_now(const CommandClient& client, const Command& command) {
  const bool is_new = !audiences_.is_subscribed(client.id.index, client.endpoint, command.channel);
  const auto outcome = audiences_.subscribe_to_channel(client.id.index, client.endpoint, command.channel);
  if (outcome != Audiences::Outcome::subscribed) return refuse_subscription(client, command, outcome);
  host_.note_decision(client.id, "client subscribed", command.channel, {});
  return send_reply(client, client.endpoint.commands.subscribed(), command,
                    {is_new ? host_.position_of(audiences_.last_event()) : "", std::nullopt, {}});
}

bool CommandDispatcher::refuse_subscription(const CommandClient& client, const Command& command,
                                            Audiences::Outcome why) {
  const bool by_client = why == Audiences::Outcome::client_has_too_many;
  host_.note_decision(client.id, "command refused", command.channel,
                      by_client ? "the client has too many channels" : "the shard has too many channels");
  return send_error(client, {ErrorKind::subscription_failed,
                             by_client ? ErrorDetail::client_channels : ErrorDetail::server_channels,
                             command.request, command.channel});
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
  std::uint64_t begins_after = answer.number > 0 ? answer.begins_after() : audiences_.last_event();
  std::string events;
  if (client.endpoint.commands.has_events_in_reply() && !answer.events.empty()) {
    const auto move_in = [&] { begins_after = take_first(client.endpoint, answer, events); };
    if (!try_allocate(page_bytes_of(client.endpoint), move_in)) {
      give_up(client);
      return;
    }
  }
  host_.note_decision(client.id, recovered ? "client resumed" : "client subscribed without recovery",
                      command.channel, reason);
  send_reply(client, client.endpoint.commands.subscribed(), command,
             {host_.position_of(begins_after), recovered, reason, std::move(events)});
  if (!recovered && !client.endpoint.commands.reports_recovery()) {
    host_.report_gap(client, command.channel, reason);
  }
  if (!answer.events.empty()) host_.replay(client.id, std::move(answer.events));
}

// Answers that have to wait until the client reads may exceed its outbox by as much as one of them may have;
// one that says that there was no room for another, by more.
void CommandDispatcher::finish_history(const CommandClient& client, const Command& command,
                                       const ResumeAnswer& answer) {
  const json::Template* const reply = client.endpoint.commands.history();
  if (!reply) return;  // a reload has removed the command meanwhile
  const std::size_t beyond = page_bytes_of(client.endpoint);
  const bool recovered = answer.outcome == ResumeOutcome::recovered;
  std::uint64_t last = answer.number > 0 ? answer.number : audiences_.last_event();
  if (!answer.events.empty()) last = answer.events.back()->number();
  ReplyStanding standing{host_.position_of(last),
                         recovered,
                         recovered ? std::string_view() : name_of(answer.outcome),
                         {},
                         answer.leaves_out};
  const auto fill = [&] { standing.events = array_of(answer.events); };
  if (!try_allocate(bytes_of(answer.events), fill)) {
    give_up(client);
    return;
  }
  host_.note_decision(client.id, "history read", command.channel, standing.reason);
  const auto payload = render(client, *reply, command, standing);
  if (!payload || host_.send_late(client.id, *payload, beyond)) return;
  counters_.histories_overloaded.add();
  const auto refusal =
      render(client, *reply, command, {{}, false, name_of(ResumeOutcome::overloaded), "[]", true});
  if (refusal && !host_.send_late(client.id, *refusal, beyond + kLateRefusalsBytesMax)) {
    counters_.replies_dropped.add();
  }
}

bool CommandDispatcher::refuse_unpermitted(const CommandClient& client, std::string_view channel,
                                           const Command& command) {
  host_.note_decision(client.id, "command refused", channel, "the token does not permit the channel");
  return send_error(client, {ErrorKind::unauthorized, ErrorDetail::none, command.request, channel});
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
  std::optional<std::uint64_t> ticket;
  if (endpoint.commands.published()) {
    const auto wait = [&] {
      ticket = waiting_publishes_.add({client.id, std::string(command.request), std::string(name)},
                                      endpoint.settings.commands.publish.waiting_max);
    };
    if (!try_allocate(command.request.size(), wait)) return give_up(client);
    if (!ticket) return refuse_publish(client, command, name, ErrorDetail::publishes_waiting);
  }
  const auto done = [this, id = client.id, ticket](bus::PublishResult result) {
    if (ticket) {
      loop_.post_always([this, ticket, result] { on_bus_answer(*ticket, result); });
    } else if (result != bus::PublishResult::accepted) {
      loop_.post_always([this, id] { on_not_published(id); });
    }
  };
  if (publisher_.publish(command.channel, std::move(body), done)) return true;
  if (ticket) waiting_publishes_.take(*ticket);
  return refuse_publish(client, command, name, ErrorDetail::not_published);
}

bool CommandDispatcher::refuse_publish(const CommandClient& client, const Command& command,
                                       std::string_view channel, ErrorDetail why) {
  counters_.publishes_failed.add();
  const ErrorKind kind =
      why == ErrorDetail::publishes_waiting ? ErrorKind::rate_limited : ErrorKind::internal_error;
  return send_error(client, {kind, why, command.request, channel});
}

void CommandDispatcher::on_not_published(ClientId id) {
  counters_.publishes_failed.add();
  if (const auto client = host_.find_open(id)) {
    send_error(*client, {.kind = ErrorKind::internal_error, .detail = ErrorDetail::not_published});
  }
}

void CommandDispatcher::on_bus_answer(std::uint64_t ticket, bus::PublishResult result) {
  const auto publish = waiting_publishes_.take(ticket);
  CARILLON_ASSERT(publish);
  const auto client = host_.find_open(publish->client);
  if (result != bus::PublishResult::accepted && !client) counters_.publishes_failed.add();
  if (!client) return;
  Command command;
  command.kind = Command::Kind::publish;
  command.channel = publish->channel;
  command.request = publish->request;
  if (result != bus::PublishResult::accepted) {
    refuse_publish(*client, command, command.channel, ErrorDetail::not_published);
  } else {
    send_reply(*client, client->endpoint.commands.published(), command);
  }
}

bool CommandDispatcher::send_reply(const CommandClient& client, const json::Template* reply,
                                   const Command& command, const ReplyStanding& standing) {
  if (!reply) return true;
  const auto payload = render(client, *reply, command, standing);
  return payload && send(client, *payload);
}

// Returns nothing when there is no memory for the reply and the client has been closed.
std::optional<std::string> CommandDispatcher::render(const CommandClient& client, const json::Template& reply,
                                                     const Command& command, const ReplyStanding& standing) {
  const ReplyValues values{.now = loop_.wall_now(),
                           .request = command.request,
                           .channel = command.channel,
                           .subject = subject_of(client),
                           .position = standing.position,
                           .recovered = standing.recovered,
                           .reason = standing.reason,
                           .events = standing.events,
                           .more = standing.more};
  std::string payload;
  const auto render = [&] { render_reply(reply, values, payload); };
  if (try_allocate(command.request.size() + standing.events.size(), render)) return payload;
  give_up(client);
  return std::nullopt;
}

bool CommandDispatcher::send_error(const CommandClient& client, const ErrorValues& error) {
  std::string payload;
  bool has_frame = false;
  const auto render = [&] { has_frame = client.endpoint.replies.error(error, loop_.wall_now(), payload); };
  if (!try_allocate(error.request.size(), render)) return give_up(client);
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

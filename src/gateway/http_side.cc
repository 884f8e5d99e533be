// A connection while it speaks HTTP: heads and bodies in, answers out, and the way to a WebSocket.
#include <algorithm>
#include <variant>

#include "base/assert.h"
#include "base/soft_allocation.h"
#include "gateway/shard.h"

namespace carillon::gateway {
namespace {

// For what the answer needs beside the bus, which is given its own time.
constexpr auto kAnswerTimeout = seconds(25);
constexpr auto kCloseTimeout = seconds(5);

RefusalReason reason_of(const http::Fault& fault) {
  if (fault.status == 414) return RefusalReason::uri_too_long;
  if (fault.status == 431) return RefusalReason::head_too_large;
  if (fault.status == 503) return RefusalReason::memory;
  return RefusalReason::bad_request;
}

http::Response try_later(std::string_view message) {
  http::Response response = http::error_response(503, message);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace

void Shard::read_head(Index index, std::string_view bytes) {
  Exchange& exchange = connections_[index].exchange();
  const auto step = exchange.head_reader.feed(bytes);
  if (step.state == http::HeadState::need_more) {
    if (!exchange.head_reader.untouched()) exchange.place.note_partial_head();
    return;
  }
  ++exchange.request;
  if (step.state == http::HeadState::fault) {
    const http::Fault& fault = exchange.head_reader.fault();
    refuse(index, reason_of(fault), http::error_response(fault), fault.reason);
    return;
  }
  exchange.head = exchange.head_reader.take_head();
  find_client(exchange);
  exchange.place.note_request();
  if (!may_be_served(index)) return;
  dispatch(index, bytes.substr(step.consumed));
}

// The path as it was sent: "/%77s" is not "/ws", or it would pass by a proxy that hides the latter.
const Endpoint* Shard::endpoint_at(std::string_view raw_path) const {
  for (const Endpoint& endpoint : shared_.endpoints) {
    if (endpoint.settings.path == raw_path) return &endpoint;
  }
  return nullptr;
}

void Shard::dispatch(Index index, std::string_view rest) {
  Exchange& exchange = connections_[index].exchange();
  if (const Endpoint* endpoint = endpoint_at(exchange.head.raw_path)) {
    dispatch_upgrade(index, *endpoint, rest);
    return;
  }
  counters_.http_requests.add();
  auto judged = shared_.http_handler.judge(exchange.head, {exchange.client, loop_.now(), loop_.wall_now()});
  if (std::holds_alternative<HttpHandler::NotMine>(judged)) {
    refuse(index, RefusalReason::not_found, http::error_response(404, "no such path"), {});
  } else if (auto* response = std::get_if<http::Response>(&judged)) {
    // Its body is not read, so what follows on the connection cannot be told apart.
    if (exchange.head.body != http::BodyKind::none) response->keep_alive = http::KeepAlive::close;
    exchange.unread.append(rest);
    answer(index, *response);
  } else {
    exchange.body_reader.emplace(exchange.head, std::get<HttpHandler::TakeBody>(judged).body_bytes_max);
    connections_[index].state = State::body;
    exchange.body_pace = {};
    set_timer(index, shared_.settings.server.body_timeout);
    if (exchange.head.expects_continue && exchange.body_reader->state() == http::BodyState::need_more) {
      fan_out_.say(index, http::continue_response(), loop_.now());
    }
    read_body(index, rest);
  }
}

void Shard::dispatch_upgrade(Index index, const Endpoint& endpoint, std::string_view rest) {
  const Exchange& exchange = connections_[index].exchange();
  if (exchange.head.method != "GET") {
    refuse(index, RefusalReason::method_not_allowed, http::upgrade_refusal(http::UpgradeFault::not_get), {});
    return;
  }
  const Visitor visitor{exchange.client, loop_.now(), loop_.wall_now()};
  auto judged = judge_upgrade(endpoint, exchange.head, authenticators_[endpoint.index].get(),
                              shared_.admission, visitor);
  if (const auto* refused = std::get_if<Refused>(&judged)) {
    refuse(index, refused->reason, refused->response, refused->detail);
    return;
  }
  open(index, endpoint, std::get<Upgrade>(std::move(judged)), rest);
}

void Shard::read_body(Index index, std::string_view bytes) {
  Exchange& exchange = connections_[index].exchange();
  http::BodyReader& reader = *exchange.body_reader;
  const auto step = reader.feed(bytes);
  if (reader.state() == http::BodyState::fault) {
    const http::Fault fault = reader.fault();
    refuse(index, reason_of(fault),
           fault.status == 503 ? try_later(fault.reason) : http::error_response(fault), fault.reason);
    return;
  }
  const std::string_view rest = bytes.substr(step.consumed);
  // A request without a body takes nothing of the budget: /health is answered while others have used it up.
  const std::size_t held = reader.body().empty() ? 0 : reader.held_bytes() + rest.size();
  if (!exchange.body_share.try_hold(shared_.admission.bodies(), held)) {
    refuse(index, RefusalReason::bodies_full, try_later("too many requests at once"), {});
    return;
  }
  if (reader.state() == http::BodyState::done) hand_over(index, rest);
}

// At the end of each server.body_timeout of a body.
void Shard::on_body_timer(Index index) {
  Exchange& exchange = connections_[index].exchange();
  const config::ServerSettings& server = shared_.settings.server;
  const auto period_ms = static_cast<std::uint64_t>(server.body_timeout.count());
  const std::uint64_t bytes_min = std::max<std::uint64_t>(server.body_rate_min * period_ms / 1000, 1);
  if (exchange.body_pace.keeps_up(exchange.body_reader->body().size(), bytes_min)) {
    set_timer(index, server.body_timeout);
    return;
  }
  refuse(index, RefusalReason::body_timeout, http::error_response(408, "the body arrived too slowly"), {});
}

// The request is whole: somebody else answers it, now or later.
void Shard::hand_over(Index index, std::string_view rest) {
  Connection& connection = connections_[index];
  Exchange& exchange = connection.exchange();
  exchange.unread.append(rest);
  connection.state = State::answering;
  set_timer(index, shared_.settings.bus.operation_timeout + kAnswerTimeout);
  std::string body = exchange.body_reader->take_body();
  exchange.body_reader.reset();
  std::optional<http::Response> response;
  // What a handler makes of a body (events, their copies) is as large as the sender likes.
  if (!try_allocate(body.size(), [&] {
        response = shared_.http_handler.handle(exchange.head, std::move(body), responder_for(index));
      })) {
    refuse(index, RefusalReason::memory, try_later("no memory for this request"), {});
    return;
  }
  if (response) answer(index, *response);
}

Responder Shard::responder_for(Index index) {
  const std::uint32_t generation = connections_[index].generation;
  const std::uint32_t request = connections_[index].exchange().request;
  return [this, index, generation, request](http::Response response) {
    loop_.post_always([this, index, generation, request, response = std::move(response)] {
      respond(index, generation, request, response);
    });
  };
}

void Shard::respond(Index index, std::uint32_t generation, std::uint32_t request,
                    const http::Response& response) {
  const Connection* connection = connections_.find(index, generation);
  if (!connection || connection->state != State::answering) return;
  if (connection->exchange().request == request) answer(index, response);
}

void Shard::answer(Index index, const http::Response& response) {
  Connection& connection = connections_[index];
  Exchange& exchange = connection.exchange();
  if (response.refusal) {  // counted by whoever refused it
    incidents_.on_refusal({response.refusal->reason, response.status, exchange.head.raw_path, exchange.client,
                           response.refusal->detail},
                          loop_.now());
  }
  exchange.end_body();
  http::Response last = response;
  // In a drain the client is told to send nothing more on this connection.
  if (drain_ || exchange.head.keep_alive == http::KeepAlive::close) last.keep_alive = http::KeepAlive::close;
  const std::string bytes = responses_.bytes_of(exchange.head, last, loop_.wall_now());
  const bool fits = last.keep_alive == http::KeepAlive::keep && fan_out_.say(index, bytes, loop_.now());
  if (!fits) {  // or there was no room: the last answer that a client gets who does not read
    connection.state = State::closing;
    fan_out_.finish(index, bytes, loop_.now());
    set_timer(index, kCloseTimeout);
    return;
  }
  connection.state = State::head;
  set_timer(index, shared_.settings.server.http_idle_timeout);
  exchange.answered_before = true;
  exchange.place.note_idle(loop_.now());
  exchange.head = {};  // says nothing about the next request
  exchange.client = exchange.peer;
  // The rest of a pipeline waits for a later turn, so that a client cannot keep us here with it.
  if (connection.readable || !exchange.unread.empty()) {
    connection.readable = false;
    read_later(index, ReadQueue::Lane::rest);
  }
}

// Counts it under one reason and logs it.
void Shard::note_refusal(Index index, RefusalReason reason, int status, std::string_view detail) {
  counters_.refusals[reason].add();
  const Exchange& exchange = connections_[index].exchange();
  incidents_.on_refusal({name_of(reason), status, exchange.head.target, exchange.client, detail},
                        loop_.now());
}

void Shard::refuse(Index index, RefusalReason reason, const http::Response& response,
                   std::string_view detail) {
  Connection& connection = connections_[index];
  Exchange& exchange = connection.exchange();
  note_refusal(index, reason, response.status, detail);
  exchange.end_body();
  http::Response last = response;
  last.keep_alive = http::KeepAlive::close;
  const std::string bytes = responses_.bytes_of(exchange.head, last, loop_.wall_now());
  connection.state = State::closing;
  fan_out_.finish(index, bytes, loop_.now());
  set_timer(index, kCloseTimeout);
}

void Shard::open(Index index, const Endpoint& endpoint, Upgrade upgrade, std::string_view rest) {
  Connection& connection = connections_[index];
  connection.state = State::open;
  connection.endpoint = endpoint.index;
  connection.is_websocket = true;
  connection.deflate = !upgrade.extensions.empty();
  connection.identity = std::move(upgrade.identity);
  if (endpoint.settings.limits.connections_per_ip.value) {
    counted_addresses_.emplace(index, connection.exchange().client);
  }
  websockets_left_.add();
  counters_.endpoints[endpoint.index].connections.add();
  counters_.endpoints[endpoint.index].accepted.add();
  if (upgrade.compression == Compression::off) counters_.endpoints[endpoint.index].deflate_off.add();
  if (upgrade.compression == Compression::unknown) counters_.endpoints[endpoint.index].deflate_unknown.add();

  std::string head;
  http::append_switching_protocols(head, upgrade.accept_key, upgrade.extensions, upgrade.subprotocol);
  if (upgrade.subprotocol_mismatch) counters_.subprotocol_mismatches.add();
  fan_out_.become(index, endpoint.policy(),
                  connection.deflate ? channel::Encoding::deflated : channel::Encoding::plain);
  if (!fan_out_.say(index, head, loop_.now())) {  // behind answers that it does not read
    drop(index, CloseReason::slow_consumer);
    return;
  }
  if (endpoint.settings.inbound.rate.messages.value) rates_.emplace(index, MessageRate(loop_.now()));
  if (endpoint.hears_events()) subscribe_as_asked(index, upgrade.selection);
  log_client(index, LogLevel::info, endpoint.settings.log.connected);

  std::string early(rest);  // frames that came right behind the head; `rest` may live in the exchange
  connection.interim.reset();
  if (connection.state != State::open) return;
  start_keepalive(index);
  if (!early.empty()) read_frames(index, early);
}

}  // namespace carillon::gateway

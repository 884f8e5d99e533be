// A connection while it speaks HTTP: heads and bodies in, answers out, and the way to a WebSocket.
#include <algorithm>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "base/soft_allocation.h"
#include "gateway/shard.h"

namespace carillon::gateway {
namespace {

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

// Requests, one behind the other, as far as this visit goes. What has to wait is kept, in order.
void Shard::read_http(Index index, std::string_view bytes) {
  const std::uint32_t generation = clients_[index].generation;
  while (!bytes.empty()) {
    Connection* const connection = clients_.table().find(index, generation);
    if (!connection) return;
    switch (connection->state) {
      case State::head:
        if (connection->paused || visit_requests_left_ <= 0) {
          connection->exchange().unread.append(bytes);
          return;
        }
        read_head(index, bytes);
        break;
      case State::body:
        read_body(index, bytes);
        break;
      case State::answering:
        connection->exchange().unread.append(bytes);
        return;
      case State::open: {
        std::string frames(bytes);
        streams_.on_bytes(index, frames);
        return;
      }
      case State::proxy_header:
      case State::closing:
      case State::lingering:
      case State::unused:
        return;
    }
  }
}

// Takes its bytes from the front of `bytes`, as read_body() does.
void Shard::read_head(Index index, std::string_view& bytes) {
  HttpExchange& exchange = clients_[index].exchange();
  const auto step = exchange.head_reader.feed(bytes);
  bytes.remove_prefix(step.state == http::HeadState::need_more ? bytes.size() : step.consumed);
  if (step.state == http::HeadState::need_more) {
    if (!exchange.head_reader.untouched() && exchange.answers.empty()) exchange.place.note_partial_head();
    return;
  }
  if (step.state == http::HeadState::fault) {
    const http::Fault& fault = exchange.head_reader.fault();
    refuse(index, reason_of(fault), http::error_response(fault), fault.reason);
    return;
  }
  exchange.head = exchange.head_reader.take_head();
  find_client(exchange, shared_.settings.server, counters_);
  exchange.place.note_request();
  if (!acceptor_.may_be_served(index)) {
    http::Response response = http::error_response(503, "too many connections");
    response.headers.emplace_back("Retry-After", "5");
    refuse(index, RefusalReason::no_descriptor, response, {});
    return;
  }
  dispatch(index);
}

// The path as it was sent: "/%77s" is not "/ws", or it would pass by a proxy that hides the latter.
const Endpoint* Shard::endpoint_at(std::string_view raw_path) const {
  for (const Endpoint& endpoint : shared_.endpoints) {
    if (endpoint.settings.path == raw_path) return &endpoint;
  }
  return nullptr;
}

void Shard::dispatch(Index index) {
  --visit_requests_left_;
  Connection& connection = clients_[index];
  HttpExchange& exchange = connection.exchange();
  const Endpoint* endpoint = endpoint_at(exchange.head.raw_path);
  // A 101 or a 100 would be taken for an answer to an earlier request.
  if ((endpoint || exchange.head.expects_continue) && !exchange.answers.empty()) {
    exchange.head_waits = true;
    connection.state = State::answering;
    schedule_http(index);
    return;
  }
  if (endpoint) {
    dispatch_upgrade(index, *endpoint);
    return;
  }
  counters_.http_requests.add();
  auto judged = shared_.http_handler.judge(exchange.head, {exchange.client, loop_.now(), loop_.wall_now()});
  if (std::holds_alternative<HttpHandler::NotMine>(judged)) {
    refuse(index, RefusalReason::not_found, http::error_response(404, "no such path"), {});
  } else if (auto* response = std::get_if<http::Response>(&judged)) {
    // Its body is not read, so what follows on the connection cannot be told apart.
    if (exchange.head.body != http::BodyKind::none) response->keep_alive = http::KeepAlive::close;
    answer(index, begin_answer(index, 0), std::move(*response));
  } else {
    exchange.body_reader.emplace(exchange.head, std::get<HttpHandler::TakeBody>(judged).body_bytes_max);
    connection.state = State::body;
    exchange.body_pace = {};
    set_read_deadline(index, shared_.settings.server.body_timeout);
    if (exchange.head.expects_continue && exchange.body_reader->state() == http::BodyState::need_more) {
      clients_.send(index, http::continue_response());
    }
    std::string_view nothing;  // there may be no body, or one that is refused by its length
    read_body(index, nothing);
  }
}

void Shard::dispatch_upgrade(Index index, const Endpoint& endpoint) {
  const HttpExchange& exchange = clients_[index].exchange();
  if (exchange.head.method != "GET") {
    refuse(index, RefusalReason::method_not_allowed, http::upgrade_refusal(http::UpgradeFault::not_get), {});
    return;
  }
  const Requester requester{exchange.client, loop_.now(), loop_.wall_now()};
  auto judged = judge_upgrade(endpoint, exchange.head, authenticators_[endpoint.index].get(),
                              shared_.admission, requester);
  if (const auto* refused = std::get_if<Refused>(&judged)) {
    refuse(index, refused->reason, refused->response, refused->detail);
    return;
  }
  streams_.open(index, endpoint, std::get<Upgrade>(std::move(judged)));
}

void Shard::read_body(Index index, std::string_view& bytes) {
  HttpExchange& exchange = clients_[index].exchange();
  http::BodyReader& reader = *exchange.body_reader;
  const auto step = reader.feed(bytes);
  bytes.remove_prefix(reader.state() == http::BodyState::need_more ? bytes.size() : step.consumed);
  if (reader.state() == http::BodyState::fault) {
    const http::Fault fault = reader.fault();
    refuse(index, reason_of(fault),
           fault.status == 503 ? try_later(fault.reason) : http::error_response(fault), fault.reason);
    return;
  }
  // A request without a body takes nothing of the budget: /health is answered while others have used it up.
  const std::size_t held = reader.body().empty() ? 0 : reader.held_bytes() + bytes.size();
  if (!exchange.body_share.try_hold(shared_.admission.bodies(), held)) {
    refuse(index, RefusalReason::bodies_full, try_later("too many requests at once"), {});
    return;
  }
  if (reader.state() == http::BodyState::done) hand_over(index);
}

// At the end of each server.body_timeout of a body.
void Shard::on_body_timer(Index index) {
  HttpExchange& exchange = clients_[index].exchange();
  const config::ServerSettings& server = shared_.settings.server;
  const auto period_ms = static_cast<std::uint64_t>(server.body_timeout.count());
  const std::uint64_t bytes_min = std::max<std::uint64_t>(server.body_rate_min * period_ms / 1000, 1);
  if (exchange.body_pace.keeps_up(exchange.body_reader->body().size(), bytes_min)) {
    set_read_deadline(index, server.body_timeout);
    return;
  }
  refuse(index, RefusalReason::body_timeout, http::error_response(408, "the body arrived too slowly"), {});
}

// The request is whole: somebody else answers it, now or later. Meanwhile the next one may be read.
void Shard::hand_over(Index index) {
  HttpExchange& exchange = clients_[index].exchange();
  std::string body = exchange.body_reader->take_body();
  exchange.body_reader.reset();
  const http::RequestHead head = std::move(exchange.head);
  exchange.head.keep_alive = head.keep_alive;
  exchange.head.method = head.method;
  exchange.head.raw_path = head.raw_path;
  const std::uint32_t request = begin_answer(index, body.size());
  std::optional<http::Response> response;
  // What a handler makes of a body (events, their copies) is as large as the sender likes.
  if (!try_allocate(body.size(), [&] {
        response = shared_.http_handler.handle(head, std::move(body), responder_for(index, request));
      })) {
    counters_.refusals[RefusalReason::memory].add();
    response = try_later("no memory for this request");
    response->refusal = http::RefusalNote{name_of(RefusalReason::memory), {}};
  }
  if (response) {
    answer(index, request, std::move(*response));
  } else {
    schedule_http(index);
  }
}

// The last answer of its connection, behind those to the requests before.
void Shard::refuse(Index index, RefusalReason reason, http::Response response, std::string_view detail) {
  HttpExchange& exchange = clients_[index].exchange();
  clients_.log().on_refusal(exchange, reason, response.status, detail, loop_.now());
  response.refusal.reset();  // it has its line
  exchange.end_body();
  exchange.head.keep_alive = http::KeepAlive::close;
  const std::uint32_t request = begin_answer(index, 0);
  answer(index, request, std::move(response));
}

}  // namespace carillon::gateway

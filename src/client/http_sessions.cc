// Requests: reads their heads and bodies, and passes them to an endpoint or to the HttpHandler.
#include "client/http_sessions.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "base/soft_allocation.h"
#include "client/cors.h"
#include "client/proxy.h"
#include "client/stream_request.h"

namespace carillon::client {
namespace {

constexpr int kRequestsAVisit = 16;
constexpr int kUpgradesATurn = 16;  // signatures to check again, at up to 0.1 ms each

RefusalReason reason_of(const http::Fault& fault) {
  if (fault.status == 414) return RefusalReason::uri_too_long;
  if (fault.status == 431) return RefusalReason::head_too_large;
  if (fault.status == 503) return RefusalReason::memory;
  return RefusalReason::bad_request;
}

http::Response try_later(std::string_view message, std::string_view after_s = "1") {
  http::Response response = http::error_response(503, message);
  response.headers.emplace_back("Retry-After", after_s);
  return response;
}

}  // namespace

void HttpSessions::begin_visit() { visit_requests_left_ = kRequestsAVisit; }

void HttpSessions::on_bytes(Index index, std::string_view bytes) {
  while (!bytes.empty()) {
    const Connection& connection = clients_[index];
    switch (connection.state) {
      case State::head:
        if (connection.paused || visit_requests_left_ <= 0) {
          connection.exchange().unread.append(bytes);
          return;
        }
        read_head(index, bytes);
        break;
      case State::body:
        read_body(index, bytes);
        break;
      case State::answering:
        connection.exchange().unread.append(bytes);
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

// Removes the bytes that it uses from the front of `bytes`, as read_body() does.
void HttpSessions::read_head(Index index, std::string_view& bytes) {
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
  find_client(exchange, shared_.settings->server, counters_);
  exchange.place.note_request();
  if (!acceptor_.may_be_served(index)) {
    refuse(index, RefusalReason::no_descriptor, try_later("too many connections", "5"), {});
    return;
  }
  dispatch(index);
}

void HttpSessions::dispatch(Index index) {
  --visit_requests_left_;
  Connection& connection = clients_[index];
  HttpExchange& exchange = connection.exchange();
  const protocol::Endpoint* const endpoint = shared_.endpoints.for_request(exchange.head);
  // A 101 or a 100 would be taken for the response to an earlier request.
  if ((endpoint || exchange.head.expects_continue) && !exchange.answers.empty()) {
    exchange.head_waits = true;
    connection.state = State::answering;
    schedule(index);
    return;
  }
  if (endpoint) {
    dispatch_upgrade(index, *endpoint);
  } else {
    dispatch_to_handler(index);
  }
}

void HttpSessions::dispatch_upgrade(Index index, const protocol::Endpoint& endpoint) {
  HttpExchange& exchange = clients_[index].exchange();
  if (exchange.head.method != "GET") {
    auto judged = judge_other_method(endpoint, exchange.head);
    if (const auto* refused = std::get_if<Refused>(&judged)) {
      refuse(index, refused->reason, refused->response, {});
    } else {
      answer(index, begin_answer(index, 0), std::move(std::get<http::Response>(judged)));
    }
    return;
  }
  const Requester requester{exchange.client, loop_.now(), loop_.wall_now()};
  auto judged = upgrades_.judge(endpoint, exchange, {index, clients_[index].generation}, requester);
  if (auto* refused = std::get_if<Refused>(&judged)) {
    if (endpoint.is_stream()) add_cors_headers(endpoint, exchange.head, refused->response.headers);
    refuse(index, refused->reason, refused->response, refused->detail);
  } else if (auto* upgrade = std::get_if<Upgrade>(&judged)) {
    streams_.open(index, endpoint, std::move(*upgrade));
  } else {
    clients_[index].state = State::answering;  // nothing more is read until the key set is there
    schedule(index);
  }
}

void HttpSessions::judge_waiting() {
  for (int i = 0; i < kUpgradesATurn; ++i) {
    const auto client = upgrades_.take_next();
    if (!client) return;
    const Connection* const connection = clients_.table().find(client->index, client->generation);
    if (!connection || !speaks_http(*connection)) continue;
    if (connection->exchange().key_wait.is_waiting()) judge_again(client->index);
  }
}

void HttpSessions::judge_again(Index index) {
  clients_[index].state = State::head;
  dispatch(index);
  // Its first frames may have come while it waited.
  if (clients_[index].state == State::open) clients_.read_later(index, ReadQueue::Lane::rest);
}

void HttpSessions::dispatch_to_handler(Index index) {
  const HttpExchange& exchange = clients_[index].exchange();
  counters_.http_requests.add();
  auto judged = shared_.http_handler.judge(exchange.head, {exchange.client, loop_.now(), loop_.wall_now()});
  if (std::holds_alternative<HttpHandler::NotMine>(judged)) {
    refuse(index, RefusalReason::not_found, http::error_response(404, "no such path"), {});
  } else if (auto* response = std::get_if<http::Response>(&judged)) {
    // The body is not read, so the next request on the connection cannot be found.
    if (exchange.head.body != http::BodyKind::none) response->keep_alive = http::KeepAlive::close;
    answer(index, begin_answer(index, 0), std::move(*response));
  } else {
    begin_body(index, std::get<HttpHandler::TakeBody>(judged).body_bytes_max);
  }
}

void HttpSessions::begin_body(Index index, std::size_t bytes_max) {
  Connection& connection = clients_[index];
  HttpExchange& exchange = connection.exchange();
  exchange.body_reader.emplace(exchange.head, bytes_max);
  connection.state = State::body;
  exchange.body_pace = {};
  set_read_deadline(index, shared_.settings->server.body_timeout);
  if (exchange.head.expects_continue && exchange.body_reader->state() == http::BodyState::need_more) {
    clients_.send(index, http::continue_response(), fanout::OutboxLimit::ignored);  // one per request
  }
  std::string_view nothing;  // there may be no body, or one that is refused because of its length
  read_body(index, nothing);
}

void HttpSessions::read_body(Index index, std::string_view& bytes) {
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
  // A request without a body uses none of the budget: /health is answered when others have exhausted it.
  const std::size_t held = reader.body().empty() ? 0 : reader.held_bytes() + bytes.size();
  if (!exchange.body_share.try_hold(shared_.admission.bodies(), held)) {
    refuse(index, RefusalReason::bodies_full, try_later("too many requests at once"), {});
    return;
  }
  if (reader.state() == http::BodyState::done) hand_over(index);
}

// The request is complete: the HttpHandler answers it, now or later. Meanwhile the next one may be read.
void HttpSessions::hand_over(Index index) {
  HttpExchange& exchange = clients_[index].exchange();
  std::string body = exchange.body_reader->take_body();
  exchange.body_reader.reset();
  const http::RequestHead head = std::move(exchange.head);
  exchange.head.keep_alive = head.keep_alive;
  exchange.head.method = head.method;
  exchange.head.raw_path = head.raw_path;
  const Requester requester{exchange.client, loop_.now(), loop_.wall_now()};
  const std::uint32_t request = begin_answer(index, body.size());
  std::optional<http::Response> response;
  // The sender determines how much memory a handler needs for a body (events, their copies).
  if (!try_allocate(body.size(), [&] {
        response =
            shared_.http_handler.handle(head, std::move(body), requester, responder_for(index, request));
      })) {
    counters_.refusals[RefusalReason::memory].add();
    response = try_later("no memory for this request");
    response->refusal = http::RefusalNote{name_of(RefusalReason::memory), {}};
  }
  if (response) {
    answer(index, request, std::move(*response));
  } else {
    schedule(index);
  }
}

// Answers the request with `response` as the last response of the connection, after those to earlier
// requests.
void HttpSessions::refuse(Index index, RefusalReason reason, http::Response response,
                          std::string_view detail) {
  HttpExchange& exchange = clients_[index].exchange();
  clients_.log().on_refusal(exchange, reason, response.status, detail, loop_.now());
  response.refusal.reset();  // already logged
  exchange.end_body();
  exchange.head.keep_alive = http::KeepAlive::close;
  const std::uint32_t request = begin_answer(index, 0);
  answer(index, request, std::move(response));
}

}  // namespace carillon::client

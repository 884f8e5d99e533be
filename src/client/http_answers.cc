// Responses, in the order of their requests; what happens after one was sent; and the deadlines of HTTP.
#include <algorithm>
#include <thread>
#include <utility>

#include "client/http_sessions.h"

namespace carillon::client {
namespace {

// The time for a response in addition to bus.operation_timeout.
constexpr auto kAnswerTimeout = seconds(25);
constexpr std::size_t kBytesOfARequest = 4096;  // this many bytes of responses count as one more request

}  // namespace

// Adds the current request to the queue of responses; the connection then reads the next request, if allowed.
std::uint32_t HttpSessions::begin_answer(Index index, std::size_t body_bytes) {
  Connection& connection = clients_[index];
  HttpExchange& exchange = connection.exchange();
  AnswerQueue::Request request;
  request.number = ++exchange.request;
  request.body = exchange.head.method == "HEAD" ? http::BodyOut::omit : http::BodyOut::send;
  request.keep_alive = exchange.head.keep_alive;
  request.body_bytes = body_bytes;
  request.path = exchange.head.raw_path;
  request.client = exchange.client;
  request.due = loop_.now() + shared_.settings->bus.operation_timeout + kAnswerTimeout;
  exchange.answers.begin(request, std::move(exchange.body_share));
  exchange.head = {};  // so that nothing of it applies to the next request
  exchange.client = exchange.peer;
  exchange.read_due = loop_.now() + shared_.settings->server.http_idle_timeout;
  const bool reads_on = request.keep_alive == http::KeepAlive::keep &&
                        !exchange.answers.is_full(shared_.settings->server.pipelined_requests_max);
  connection.state = reads_on ? State::head : State::answering;
  return request.number;
}

Responder HttpSessions::responder_for(Index index, std::uint32_t request) {
  const ClientId client{index, clients_[index].generation};
  const auto own_thread = std::this_thread::get_id();
  return [this, client, request, own_thread](http::Response response) {
    Responded responded{client, request, std::move(response)};
    if (std::this_thread::get_id() ==
        own_thread) {  // the bus runs on this loop: a post would wait for the next turn
      responded_.push_back(std::move(responded));
      return;
    }
    loop_.post_always([this, responded = std::move(responded)] { respond(responded); });
  };
}

void HttpSessions::send_responded() {
  for (const Responded& each : std::exchange(responded_, {})) respond(each);
}

void HttpSessions::respond(const Responded& responded) {
  const Connection* const connection =
      clients_.table().find(responded.client.index, responded.client.generation);
  if (connection && speaks_http(*connection)) {
    answer(responded.client.index, responded.request, responded.response);
  }
}

void HttpSessions::answer(Index index, std::uint32_t request, http::Response response) {
  HttpExchange& exchange = clients_[index].exchange();
  const AnswerQueue::Request* const asked = exchange.answers.awaited(request);
  if (!asked) return;
  if (response.refusal) {  // already counted where it was refused
    clients_.log().incidents().on_refusal(
        {response.refusal->reason, response.status, asked->path, asked->client, response.refusal->detail},
        loop_.now());
  }
  exchange.answers.answer(request, std::move(response));
  if (exchange.answers.closes()) clients_[index].state = State::answering;
  send_answers(index);
}

// Sends the responses that are ready, in the order of their requests.
void HttpSessions::send_answers(Index index) {
  Connection& connection = clients_[index];
  HttpExchange& exchange = connection.exchange();
  // In a drain no further request is read, and the last response has `Connection: close`.
  if (is_draining_ && connection.state != State::body && exchange.unread.empty() && !exchange.head_waits &&
      !exchange.answers.has_ended()) {
    exchange.answers.end_after_these();
    connection.state = State::answering;
  }
  while (const AnswerQueue::Ready* ready = exchange.answers.ready(responses_, loop_.wall_now())) {
    if (ready->last == AnswerQueue::Last::yes) {
      clients_.close(index, CloseReason::client_gone, ready->bytes, CloseMode::after_events);
      return;
    }
    if (!clients_.send(index, ready->bytes)) {  // the client does not read: pause reading from it too
      clients_.pause(index);
      schedule(index);
      return;
    }
    // A page of metrics costs more than the response to a publisher.
    visit_requests_left_ -= static_cast<int>(ready->bytes.size() / kBytesOfARequest);
    exchange.answers.pop();
    exchange.answered_before = true;
    if (connection.state != State::body)
      exchange.read_due = loop_.now() + shared_.settings->server.http_idle_timeout;
  }
  note_if_idle(connection);
  read_on(index);
}

// When all responses have been sent, the connection is idle until the client's next request.
void HttpSessions::note_if_idle(const Connection& connection) {
  const HttpExchange& exchange = connection.exchange();
  if (connection.state == State::body || exchange.head_waits || !exchange.answers.empty()) return;
  exchange.place.note_idle(loop_.now());
  if (!exchange.head_reader.untouched()) exchange.place.note_partial_head();
}

// After responses were sent: closes the connection, handles the request that waited for them, or reads on.
void HttpSessions::read_on(Index index) {
  Connection& connection = clients_[index];
  HttpExchange& exchange = connection.exchange();
  if (exchange.answers.empty() && exchange.answers.has_ended()) {
    clients_.close(index, CloseReason::client_gone, {}, CloseMode::after_events);
    return;
  }
  bool stays =
      exchange.answers.closes() || exchange.answers.is_full(shared_.settings->server.pipelined_requests_max);
  if (exchange.head_waits) stays |= !exchange.answers.empty();
  if (connection.state == State::answering && !stays) connection.state = State::head;
  if (connection.state != State::answering && (connection.readable || !exchange.unread.empty())) {
    connection.readable = false;
    clients_.read_later(index, ReadQueue::Lane::rest);
  }
  if (connection.state == State::head && std::exchange(exchange.head_waits, false)) {
    dispatch(index);
  } else {
    schedule(index);
  }
}

// Sets the deadline of the head or body that is being read.
void HttpSessions::set_read_deadline(Index index, MonoClock::duration from_now) {
  clients_[index].exchange().read_due = loop_.now() + from_now;
  schedule(index);
}

// Sets the timer for whichever is due first: the request that is being read, the end of an upgrade's wait for
// a key set, or the oldest outstanding response.
void HttpSessions::schedule(Index index) {
  const Connection& connection = clients_[index];
  const HttpExchange& exchange = connection.exchange();
  MonoTime due = exchange.key_wait.until();
  if (!connection.paused && connection.state != State::answering) due = exchange.read_due;
  if (const auto waiting = exchange.answers.waiting()) due = std::min(due, waiting->due);
  if (due == MonoTime::max()) {
    clients_.wheel().cancel(index);  // the client has to read its responses first: the lag rules apply
  } else {
    clients_.wheel().set(index, due);
  }
}

void HttpSessions::on_deadline(Index index) {
  const Connection& connection = clients_[index];
  const auto waiting = connection.exchange().answers.waiting();
  if (waiting && waiting->due <= loop_.now()) {
    counters_.refusals[RefusalReason::answer_timeout].add();
    clients_.log().incidents().on_refusal(
        {name_of(RefusalReason::answer_timeout), 504, waiting->path, waiting->client, {}}, loop_.now());
    answer(index, waiting->number, http::error_response(504, "no answer in time"));
  } else if (connection.exchange().key_wait.until() <= loop_.now()) {
    judge_again(index);
  } else if (connection.state == State::head) {
    on_head_deadline(index);
  } else if (connection.state == State::body) {
    on_body_deadline(index);
  }
}

void HttpSessions::on_head_deadline(Index index) {
  const HttpExchange& exchange = clients_[index].exchange();
  if (clients_.put_off_for_unread(index, loop_.now() - exchange.read_due)) return;
  if (!exchange.answers.empty() && exchange.head_reader.untouched()) {
    set_read_deadline(index, shared_.settings->server.http_idle_timeout);  // the client waits for us
    return;
  }
  if (exchange.answered_before && exchange.head_reader.untouched()) {
    clients_.close(index, CloseReason::client_gone, {}, CloseMode::close);
    return;
  }
  refuse(index, RefusalReason::handshake_timeout, http::error_response(408, "the request took too long"), {});
}

// At the end of each server.body_timeout of a body.
void HttpSessions::on_body_deadline(Index index) {
  HttpExchange& exchange = clients_[index].exchange();
  if (exchange.read_due > loop_.now()) {
    schedule(index);
    return;
  }
  if (clients_.put_off_for_unread(index, loop_.now() - exchange.read_due)) return;
  const config::ServerSettings& server = shared_.settings->server;
  const auto period_ms = static_cast<std::uint64_t>(server.body_timeout.count());
  const std::uint64_t bytes_min = std::max<std::uint64_t>(server.body_rate_min * period_ms / 1000, 1);
  if (exchange.body_pace.keeps_up(exchange.body_reader->body().size(), bytes_min)) {
    set_read_deadline(index, server.body_timeout);
    return;
  }
  refuse(index, RefusalReason::body_timeout, http::error_response(408, "the body arrived too slowly"), {});
}

void HttpSessions::on_end_of_stream(Index index) {
  Connection& connection = clients_[index];
  connection.exchange().end_body();
  connection.exchange().answers.end_after_these();
  connection.state = State::answering;
  read_on(index);
}

}  // namespace carillon::client

// What a shard does when a peer ends its side, and the drain.
#include <algorithm>

#include "base/assert.h"
#include "gateway/shard.h"
#include "websocket/frame_writer.h"

namespace carillon::gateway {
namespace {

constexpr std::uint32_t kRowsAStep = 65536;  // of the connection table, looked through in one drain step

}  // namespace

void Shard::close_recipients(const Endpoint& endpoint, CloseReason why) {
  for (Index i = 0; i < clients_.table().slots(); ++i) {
    if (clients_[i].state != State::open || clients_[i].endpoint != endpoint.index) continue;
    clients_.close(i, why, close_frame(1013, "Events lost"), CloseMode::immediately);
  }
}

void Shard::on_end_of_stream(Index index) {
  Connection& connection = clients_[index];
  // A peer that has only closed its own side still gets the answers that are on their way.
  switch (connection.state) {
    case State::closing:
      return;
    case State::head:
    case State::body:
    case State::answering:
      connection.exchange().end_body();
      connection.exchange().answers.end_after_these();
      connection.state = State::answering;
      read_on(index);
      return;
    case State::proxy_header:
    case State::open:
    case State::lingering:
    case State::unused:
      clients_.close(index, CloseReason::client_gone, {}, CloseMode::close);
  }
}

// Those are closed in this turn, when the verdicts are carried out.
void Shard::shed_for_memory() { fan_out_.shed_furthest_behind(loop_.now()); }

// --- drain --------------------------------------------------------------------------------------

void Shard::begin_drain(milliseconds window) {
  if (drain_) return;
  drain_ = Drain{DrainPace(loop_.now(), window, websockets_left_.get()), 0, MonoTime::max()};
}

void Shard::pace_drain(MonoTime now) {
  close_those_due(now);
  if (drain_->pace.done()) count_requests_left(now);
}

// Walks the table once during the window, so that as many close in each second as in any other.
void Shard::close_those_due(MonoTime now) {
  Drain& drain = *drain_;
  for (auto due = drain.pace.due(now); due > 0 && drain.position < clients_.table().slots();) {
    const Index index = drain.position++;
    if (clients_[index].state != State::open) continue;
    const std::uint16_t code = shared_.endpoints[clients_[index].endpoint].settings.shutdown_code;
    clients_.close(index, CloseReason::shutdown, close_frame(code, {}), CloseMode::after_events);
    drain.pace.on_closed();
    --due;
  }
  if (drain.position >= clients_.table().slots()) drain.pace.on_nobody_left();
}

// Only at the end, and the seldomer the longer the table is: it walks through the whole of it.
void Shard::count_requests_left(MonoTime now) {
  if (drain_->count_at != MonoTime::max() && now < drain_->count_at) return;
  std::uint64_t left = 0;
  if (counters_.sockets.get() > websockets_left_.get()) {
    for (Index i = 0; i < clients_.table().slots(); ++i) left += owes_answer(i) ? 1U : 0U;
  }
  requests_left_.set(left);
  drain_->count_at = now + DrainPace::kStep * (1 + clients_.table().slots() / kRowsAStep);
}

bool Shard::owes_answer(Index index) const {
  const Connection& connection = clients_[index];
  switch (connection.state) {
    case State::body:
    case State::answering:
      return true;
    case State::head:  // kept alive: more was pipelined, or the last answer has not left
      return !connection.exchange().unread.empty() || !connection.exchange().answers.empty() ||
             !fan_out_.outbox_has_room(index, shared_.settings.server.outbox_bytes_max);
    case State::closing:
    case State::lingering:
      return !connection.is_websocket;
    case State::unused:
    case State::proxy_header:
    case State::open:
      return false;
  }
  return false;
}

}  // namespace carillon::gateway

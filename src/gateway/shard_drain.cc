#include "gateway/shard_drain.h"

#include <algorithm>

namespace carillon::gateway {
namespace {

using client::CloseMode;
using client::CloseReason;
using client::Connection;
using client::State;

constexpr std::uint32_t kRowsAStep = 65536;  // of the connection table, looked through in one step
constexpr milliseconds kReturnsMax = std::chrono::minutes(5);  // over which clients are told to return
constexpr milliseconds kReturnJitter{1000};

}  // namespace

void ShardDrain::begin(MonoTime now, milliseconds window, DrainKind kind) {
  if (pace_) return;
  const std::uint64_t clients = clients_left_.get();
  const config::ServerSettings& server = shared_.settings->server;
  pace_.emplace(now, window, clients);
  kind_ = kind;
  // As if the other shards had as many.
  returns_ = drain_window(kReturnsMax, clients * std::max(server.shards, 1U), server.drain_rate);
}

void ShardDrain::take_step(MonoTime now) {
  close_those_due(now);
  if (!pace_->done()) return;
  if (kind_ == DrainKind::handover) close_latecomers(now);
  count_requests_left(now);
}

MonoTime ShardDrain::next_wake(MonoTime now) const {
  return pace_ ? std::min({pace_->next_wake(now), count_at_, latecomers_at_}) : MonoTime::max();
}

// Their upgrades had been accepted before the handover, and are answered during it.
void ShardDrain::close_latecomers(MonoTime now) {
  if (latecomers_at_ != MonoTime::max() && now < latecomers_at_) return;
  latecomers_at_ = now + DrainPace::kStep * (1 + clients_.table().slots() / kRowsAStep);
  if (clients_left_.get() == 0) return;
  for (std::uint32_t i = 0; i < clients_.table().slots(); ++i) close_if_open(i);
}

bool ShardDrain::close_if_open(std::uint32_t index) {
  if (clients_[index].state != State::open) return false;
  clients_.close(index, CloseReason::shutdown, last_bytes_of(clients_.endpoint_of(index)),
                 CloseMode::after_events);
  return true;
}

std::string ShardDrain::last_bytes_of(const protocol::Endpoint& endpoint) {
  std::string bytes;
  std::string payload;
  const milliseconds jitter(jitter_.up_to(static_cast<std::uint64_t>(kReturnJitter.count())));
  const milliseconds retry = pace_->return_delay(returns_) + jitter;
  if (endpoint.replies.drain(loop_.wall_now(), retry, payload)) {
    endpoint.format().append_message(bytes, payload);
  }
  endpoint.format().append_retry(bytes, retry);
  return bytes.append(client::last_bytes(endpoint, endpoint.settings.shutdown));
}

// Walks the table once during the window, so that as many clients are closed in each second as in any other.
void ShardDrain::close_those_due(MonoTime now) {
  for (auto due = pace_->due(now); due > 0 && position_ < clients_.table().slots();) {
    if (!close_if_open(position_++)) continue;
    pace_->on_closed();
    --due;
  }
  if (position_ >= clients_.table().slots()) pace_->on_no_client_left();
}

// Counts only at the end of the window, and less often the longer the table is, because it walks the whole
// table.
void ShardDrain::count_requests_left(MonoTime now) {
  if (count_at_ != MonoTime::max() && now < count_at_) return;
  std::uint64_t left = 0;
  if (counters_.sockets.get() > clients_left_.get()) {
    for (std::uint32_t i = 0; i < clients_.table().slots(); ++i) left += has_unsent_response(i) ? 1U : 0U;
  }
  requests_left_.set(left);
  count_at_ = now + DrainPace::kStep * (1 + clients_.table().slots() / kRowsAStep);
}

bool ShardDrain::has_unsent_response(std::uint32_t index) const {
  const Connection& connection = clients_[index];
  switch (connection.state) {
    case State::body:
    case State::answering:
      return true;
    case State::proxy_header:
      return kind_ == DrainKind::handover;  // its request is on the way, or its deadline ends it
    case State::head:  // kept alive: another request waits, or the last response has not been sent
      if (kind_ == DrainKind::handover && !connection.exchange().answered_before) return true;
      return !connection.exchange().unread.empty() || !connection.exchange().answers.empty() ||
             !fan_out_.outbox_has_room(index, shared_.settings->server.outbox_bytes_max);
    case State::closing:
    case State::lingering:
      return !connection.opened;
    case State::unused:
    case State::open:
      return false;
  }
  return false;
}

}  // namespace carillon::gateway

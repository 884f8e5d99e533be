// The sockets of a shard: deadlines, reading and writing. Closing is in closing.cc.
#include "client/clients.h"

#include "event/position.h"

namespace carillon::client {
namespace {

constexpr auto kUnreadGrace = seconds(5);
constexpr auto kUnreadLook = milliseconds(50);

ReadQueue::Lane lane_of(const Connection& connection, ReadQueue::Lane lane) {
  switch (connection.state) {
    case State::proxy_header:
    case State::head:
    case State::body:
    case State::answering:
      if (!connection.exchange().answered_before) return ReadQueue::Lane::first_request;
      return lane == ReadQueue::Lane::fresh ? ReadQueue::Lane::request : lane;
    default:
      return lane;
  }
}

}  // namespace

Result<std::monostate> Clients::enable_tls() {
  if (tls_) return std::monostate{};
  auto made = TlsClients::create(sockets_);
  if (!made) return tl::unexpected(made.error());
  tls_ = std::move(*made);
  return std::monostate{};
}

// --- deadlines ----------------------------------------------------------------------------------

bool Clients::is_unread(Index index, MonoClock::duration overdue) const {
  return connections_[index].read_queued && overdue < kUnreadGrace;
}

bool Clients::put_off_for_unread(Index index, MonoClock::duration overdue) {
  if (!is_unread(index, overdue)) return false;
  set_deadline(index, kUnreadLook);
  return true;
}

// --- reading ------------------------------------------------------------------------------------

void Clients::read_later(Index index, ReadQueue::Lane lane) {
  Connection& connection = connections_.used(index);
  if (connection.read_queued) return;
  connection.read_queued = true;
  const bool shakes_hands = connection.tls && connection.state == State::head && !tls_->is_open(index);
  reads_.push(shakes_hands ? ReadQueue::Lane::handshake : lane_of(connection, lane),
              {index, connection.generation});
}

void Clients::pause(Index index) {
  Connection& connection = connections_.used(index);
  if (connection.paused) return;
  connection.paused = true;
  connection.readable = true;  // what came meanwhile has given its edge already
  reads_.add_paused({index, connection.generation});
}

// --- writing ------------------------------------------------------------------------------------

SendState Clients::send_state(Index index) {
  SendState state = sockets_.send_state(connections_.used(index).fd);
  state.waiting += fan_out_.outbox_bytes(index) + held_back(index);
  return state;
}

void Clients::on_writable(Index index) {
  const Connection& connection = connections_.used(index);
  if (!connection.tls) {
    fan_out_.on_writable(index);
    return;
  }
  switch (tls_->send_pending(index, connection.fd)) {
    case TlsClients::Sent::blocked:
      return;
    case TlsClients::Sent::broken:
      close(index, CloseReason::client_gone, {}, CloseMode::close);
      return;
    case TlsClients::Sent::all:
      if (connection.state == State::lingering) {
        sockets_.shut_down_writing(connection.fd);
      } else {
        fan_out_.on_writable(index);
      }
  }
}

WriteResult Clients::write(fanout::SubscriberId subscriber, const iovec* pieces, int count) {
  const Connection& connection = connections_[subscriber];
  if (connection.tls) return tls_->write(subscriber, connection.fd, pieces, count);
  return sockets_.write(connection.fd, pieces, count);
}

bool Clients::append_gap_frame(fanout::SubscriberId subscriber, fanout::LogId log,
                               const fanout::LagGap& missed, std::string& out) {
  std::string before;
  if (missed.before > 0) append_text({shared_.epoch, missed.before}, before);
  std::string after;
  if (missed.after > 0) append_text({shared_.epoch, missed.after}, after);
  std::string payload;
  const protocol::GapValues gap{.channel = fan_out_.note_of(log).name.text(),
                                .count = missed.count,
                                .before = before,
                                .after = after,
                                .reason = "slow"};
  const protocol::Endpoint& endpoint = endpoint_of(subscriber);
  if (!endpoint.replies.gap(gap, loop_.wall_now(), payload)) return false;
  endpoint.format().append_message(out, payload);
  return true;
}

std::size_t Clients::held_back(fanout::SubscriberId subscriber) const {
  return connections_[subscriber].tls ? tls_->pending_bytes(subscriber) : 0;
}

}  // namespace carillon::client

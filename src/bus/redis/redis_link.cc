#include "bus/redis/redis_link.h"

#include <utility>

namespace carillon::bus {
namespace {

constexpr std::size_t kSendAtOnceBytes = 64 * 1024;  // no use in gathering more for one write
constexpr std::size_t kIdleCapacityBytes = 256 * 1024;

}  // namespace

RedisLink::RedisLink(reactor::Loop& loop, const Connector& connector, Session& session, Backoff backoff,
                     RedisLinkOwner& owner)
    : loop_(loop), connector_(connector), session_(session), backoff_(backoff), owner_(owner) {}

RedisLink::~RedisLink() {
  loop_.cancel(dial_timer_);
  disconnect();
}

void RedisLink::start() {
  if (started_) return;
  started_ = true;
  backoff_.reset();
  dial();
}

void RedisLink::stop() {
  if (!started_) return;
  started_ = false;
  loop_.cancel(std::exchange(dial_timer_, 0));
  disconnect();
  session_.close();
}

void RedisLink::drop(const Fault& fault) {
  if (!started_) return;
  disconnect();
  loop_.cancel(dial_timer_);
  const auto dial_at = backoff_.on_failure(fault.kind, loop_.now());
  dial_timer_ = loop_.call_after(dial_at - loop_.now(), [this] { dial(); });
  session_.close();
  owner_.on_link_lost(*this, fault);
}

void RedisLink::disconnect() {
  loop_.cancel(std::exchange(send_timer_, 0));
  loop_.cancel(std::exchange(deadline_timer_, 0));
  armed_for_ = MonoTime::max();
  outgoing_.clear();
  stream_.reset();
  connected_ = false;
  announced_ = false;
}

void RedisLink::dial() {
  dial_timer_ = 0;
  backoff_.on_dial(loop_.now());
  stream_ = connector_(*this);
}

void RedisLink::on_connected() {
  connected_ = true;
  session_.open(loop_.now(), outgoing_);
  send_now();
  arm();
}

void RedisLink::on_bytes(std::string_view bytes) {
  const auto fault = session_.feed(bytes, loop_.now());
  if (!fault && !announced_ && session_.ready()) {
    announced_ = true;
    backoff_.on_ready(loop_.now());
    owner_.on_link_ready(*this);
  }
  owner_.on_link_read(*this);
  if (fault) {
    drop(*fault);
  } else if (connected_) {
    arm();
  }
}

void RedisLink::on_closed(const Error& reason) { drop({FaultKind::network, reason.message}); }

void RedisLink::send_soon() {
  if (!connected_) return;
  arm();
  if (outgoing_.size() >= kSendAtOnceBytes) {
    send_now();
  } else if (send_timer_ == 0) {
    send_timer_ = loop_.call_after(MonoClock::duration::zero(), [this] {
      send_timer_ = 0;
      send_now();
    });
  }
}

void RedisLink::send_now() {
  if (outgoing_.empty()) return;
  session_.before_write(loop_.now(), outgoing_);
  stream_->write(outgoing_);
  outgoing_.clear();
  if (outgoing_.capacity() > kIdleCapacityBytes) outgoing_.shrink_to_fit();
}

std::size_t RedisLink::unsent_bytes() const {
  return outgoing_.size() + (stream_ ? stream_->unsent_bytes() : 0);
}

// One timer for the session's nearest deadline. It is not moved when deadlines go later (with every
// reply they do): it fires early now and then, and looks again.
void RedisLink::arm() {
  const auto deadline = session_.next_deadline();
  if (deadline >= armed_for_) return;
  loop_.cancel(deadline_timer_);
  armed_for_ = deadline;
  deadline_timer_ = loop_.call_after(deadline - loop_.now(), [this] { on_deadline(); });
}

void RedisLink::on_deadline() {
  deadline_timer_ = 0;
  armed_for_ = MonoTime::max();
  if (const auto fault = session_.advance(loop_.now())) {
    drop(*fault);
  } else {
    arm();
  }
}

}  // namespace carillon::bus

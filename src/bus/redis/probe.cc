#include "bus/redis/probe.h"

#include <array>
#include <charconv>

namespace carillon::bus {

Probe::Probe(milliseconds interval, milliseconds operation_timeout, std::uint64_t seed)
    : interval_(interval),
      limit_(MonoClock::duration(operation_timeout) - MonoClock::duration(operation_timeout) / 20),
      random_(seed) {}

void Probe::start(MonoTime now) {
  next_ = now;
  overdue_ = MonoTime::max();
  passed_ = false;
}

void Probe::stop() {
  next_ = MonoTime::max();
  overdue_ = MonoTime::max();
  passed_ = false;
}

Probe::Act Probe::advance(MonoTime now) {
  if (!running()) return Act::nothing;
  if (now >= overdue_) return Act::missed;
  // One at a time: with an interval under the limit the next one waits for the answer.
  if (now < next_ || overdue_ != MonoTime::max()) return Act::nothing;
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), random_.next(), 16).ptr;
  nonce_.assign(digits.data(), end);
  next_ = now + interval_;
  overdue_ = now + limit_;
  return Act::send;
}

MonoTime Probe::next_deadline() const { return overdue_ != MonoTime::max() ? overdue_ : next_; }

std::optional<MonoTime> Probe::on_nonce(std::string_view nonce) {
  if (overdue_ == MonoTime::max() || way_ != Way::nonce || nonce != nonce_) return std::nullopt;
  const MonoTime sent_at = overdue_ - limit_;
  answered();
  return sent_at;
}

void Probe::on_pong() {
  if (overdue_ != MonoTime::max() && way_ == Way::ping) answered();
}

void Probe::send_again(MonoTime now) {
  if (!running()) return;
  overdue_ = MonoTime::max();
  next_ = now;
}

void Probe::answered() {
  overdue_ = MonoTime::max();
  passed_ = true;
}

}  // namespace carillon::bus

#include "client/message_rate.h"

namespace carillon::client {

bool MessageRate::admit(const config::RateSettings& settings, MonoTime now) {
  const std::uint64_t most = *settings.messages.value;
  if (settings.kind == config::RateWindow::fixed) {
    if (now - began_ > settings.window) {
      began_ = now;
      count_ = 0;
    }
    return ++count_ <= most;
  }
  if (times_.size() < most) {
    times_.push_back(now);
    count_ = times_.size();
    return true;
  }
  if (now - times_[oldest_] <= settings.window) {
    count_ = most + 1;
    return false;
  }
  times_[oldest_] = now;
  oldest_ = (oldest_ + 1) % times_.size();
  count_ = most;
  return true;
}

}  // namespace carillon::client

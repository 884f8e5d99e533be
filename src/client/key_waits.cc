#include "client/key_waits.h"

namespace carillon::client {

std::optional<KeyWaits::Place> KeyWaits::enter(ClientId client, MonoTime until) {
  if (*count_ >= waiting_max_) return std::nullopt;
  waiting_.push_back(client);
  return Place(count_, until);
}

void KeyWaits::judge_all() {
  next_.insert(next_.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
}

std::optional<ClientId> KeyWaits::take_next() {
  if (next_.empty()) return std::nullopt;
  const ClientId first = next_.front();
  next_.pop_front();
  return first;
}

}  // namespace carillon::client

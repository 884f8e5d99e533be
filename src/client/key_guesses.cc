#include "client/key_guesses.h"

#include <algorithm>

namespace carillon::client {

bool KeyGuesses::may_try(const IpAddress& address, MonoTime now) {
  if (remembered_.load(std::memory_order_relaxed) == 0) return true;
  const std::lock_guard lock(mutex_);
  const Record* const record = find(address.limit_group(), now);
  if (record == nullptr || record->guesses.size() < kWrongKeysMax) return true;
  refusals_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void KeyGuesses::note_wrong(const IpAddress& address, std::string_view key, MonoTime now) {
  wrong_keys_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t hash = sip_hash_1_3(hash_key_, key);
  const IpAddress group = address.limit_group();
  const std::lock_guard lock(mutex_);
  Record* record = find(group, now);
  if (record == nullptr) {
    if (records_.size() == kAddressesMax) make_room();
    record = &records_[group];
  }
  std::vector<Guess>& guesses = record->guesses;
  const auto same = [hash](const Guess& guess) { return guess.key_hash == hash; };
  if (guesses.size() < kWrongKeysMax && std::none_of(guesses.begin(), guesses.end(), same)) {
    guesses.push_back({hash, now});
  }
  remembered_.store(records_.size(), std::memory_order_relaxed);
}

std::uint32_t KeyGuesses::retry_after_s(const IpAddress& address, MonoTime now) {
  const std::lock_guard lock(mutex_);
  const Record* const record = find(address.limit_group(), now);
  if (record == nullptr || record->guesses.empty()) return 1;
  const auto left = std::chrono::ceil<seconds>(record->guesses.front().at + kWindow - now);
  return static_cast<std::uint32_t>(std::max<std::int64_t>(left.count(), 1));
}

KeyGuesses::Record* KeyGuesses::find(const IpAddress& group, MonoTime now) {
  const auto found = records_.find(group);
  if (found == records_.end()) return nullptr;
  std::vector<Guess>& guesses = found->second.guesses;
  std::erase_if(guesses, [now](const Guess& guess) { return now - guess.at >= kWindow; });
  if (!guesses.empty()) return &found->second;
  records_.erase(found);
  remembered_.store(records_.size(), std::memory_order_relaxed);
  return nullptr;
}

void KeyGuesses::make_room() {
  const auto last_guess = [](const auto& a, const auto& b) {
    return a.second.guesses.back().at < b.second.guesses.back().at;
  };
  records_.erase(std::min_element(records_.begin(), records_.end(), last_guess));
}

}  // namespace carillon::client

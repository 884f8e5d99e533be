#include "auth/set_verifier.h"

#include <algorithm>

namespace carillon::auth {

SetVerifier::SetVerifier(const KeySet& keys) { take(keys); }

bool SetVerifier::update() {
  if (!slot_ || slot_->version() == version_) return false;
  version_ = slot_->version();  // before the keys: newer ones are then taken once more, and never missed
  keys_.clear();
  if (const auto keys = slot_->keys()) take(*keys);
  return true;
}

// A key that cannot be cloned, because memory is short, is left out until the next change.
void SetVerifier::take(const KeySet& keys) {
  keys_.reserve(keys.keys.size());
  for (const SetKey& each : keys.keys) {
    auto clone = each.key.clone();
    if (clone) keys_.push_back({each.key_id, each.algorithms, std::move(*clone)});
  }
}

SetVerifier::Match SetVerifier::match(const std::optional<std::string>& key_id, Algorithm algorithm) const {
  std::size_t with_id = 0;
  std::size_t usable = 0;
  for (const SetKey& key : keys_) {
    if (key_id && key.key_id != key_id) continue;
    ++with_id;
    if (key.algorithms.has(algorithm)) ++usable;
  }
  if (key_id) return with_id == 0 ? Match::unknown_id : usable > 0 ? Match::usable : Match::other_algorithm;
  if (usable == 1) return Match::usable;
  return usable == 0 && with_id > 0 ? Match::other_algorithm : Match::unknown_id;
}

std::optional<KeyMark> SetVerifier::verify(const std::optional<std::string>& key_id, Algorithm algorithm,
                                           std::string_view input, std::string_view signature) {
  for (SetKey& key : keys_) {
    if (key_id && key.key_id != key_id) continue;
    if (key.algorithms.has(algorithm) && key.key.verify(algorithm, input, signature)) return key.key.mark();
  }
  return std::nullopt;
}

bool SetVerifier::has_key(KeyMark mark) const {
  const auto is_it = [mark](const SetKey& each) { return each.key.mark() == mark; };
  if (!slot_) return std::any_of(keys_.begin(), keys_.end(), is_it);
  const auto now = slot_->keys();
  return now && std::any_of(now->keys.begin(), now->keys.end(), is_it);
}

}  // namespace carillon::auth

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/algorithm.h"
#include "auth/authenticator.h"
#include "auth/claims.h"
#include "auth/hmac.h"
#include "auth/public_key.h"
#include "auth/set_verifier.h"
#include "config/settings.h"

namespace carillon::auth {

constexpr std::size_t kSecretBytesMin = 32;  // required by RFC 7518 section 3.2 for HS256
constexpr seconds kLeewayMax{30};

// Key: one [keys.<name>] of the configuration, ready to verify: a secret, a public key, or a key set.
//
// Thread: one at a time.
class Key {
 public:
  // When the settings are wrong, returns nothing and appends every problem to `problems`, one line each with
  // origin and key.
  // `store` has the slots of key sets that are fetched; without it such a set has no keys.
  using WeakSecrets = Authenticator::WeakSecrets;
  static std::optional<Key> make(const config::KeySettings& settings, WeakSecrets weak_secrets,
                                 std::vector<std::string>& problems, const KeyStore* store = nullptr);

  AlgorithmSet algorithms() const { return algorithms_; }
  bool lists(Algorithm algorithm) const { return algorithms_.has(algorithm); }
  // The key set that this key stands for; null when it is a single key, to which the next two apply.
  SetVerifier* set() { return set_ ? &*set_ : nullptr; }
  const SetVerifier* set() const { return set_ ? &*set_ : nullptr; }
  // A key with an id is used only for tokens that name it; a key without an id is used for any token.
  bool takes(const std::optional<std::string>& key_id) const { return key_id_.empty() || key_id_ == key_id; }
  bool has_id(std::string_view key_id) const { return !key_id_.empty() && key_id_ == key_id; }
  // Returns the mark of the key that made the signature; nothing when none did, and for an algorithm that is
  // not on the list, before any cryptography.
  std::optional<KeyMark> verify(const std::optional<std::string>& key_id, Algorithm algorithm,
                                std::string_view input, std::string_view signature);
  // Whether the mark is this key's, or that of one of the set.
  bool has(KeyMark mark) const { return set_ ? set_->has_key(mark) : mark == mark_; }
  const ClaimRules& rules() const { return rules_; }

 private:
  struct PreparedHmac {
    Algorithm algorithm;
    Hmac hmac;
  };

  AlgorithmSet algorithms_;
  std::string key_id_;
  ClaimRules rules_;
  KeyMark mark_ = 0;                     // unless it is a set
  std::vector<PreparedHmac> hmacs_;      // HS*: one a listed algorithm
  std::optional<PublicKey> public_key_;  // all others, unless they are a set
  std::optional<SetVerifier> set_;
};

}  // namespace carillon::auth

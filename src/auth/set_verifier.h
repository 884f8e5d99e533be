// SetVerifier: checks signatures with the keys of one set, on one thread. It has clones of the keys, because
// a PublicKey serves one thread at a time.
//
// Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jwks.h"
#include "auth/key_store.h"

namespace carillon::auth {

class SetVerifier {
 public:
  // Keys that do not change: of a file.
  explicit SetVerifier(const KeySet& keys);
  // Keys that are fetched, beginning with those that the slot has now. A null slot never has any.
  explicit SetVerifier(std::shared_ptr<KeySetSlot> slot) : slot_(std::move(slot)) { update(); }

  // Takes over newer keys of the slot. Returns whether the keys have changed, so that tokens that were
  // verified before must be verified again.
  bool update();

  bool has_keys() const { return !keys_.empty(); }
  KeySetSlot* slot() const { return slot_.get(); }  // null: the keys do not change

  enum class Match : std::uint8_t {
    unknown_id,       // no key has the id
    other_algorithm,  // a key has it, and does not verify this algorithm
    usable
  };
  // A token without a `kid` matches only when exactly one key verifies its algorithm: trying several would
  // let a client choose how much work its token causes.
  Match match(const std::optional<std::string>& key_id, Algorithm algorithm) const;
  // Returns the mark of the key that made the signature, if one that matches did.
  std::optional<KeyMark> verify(const std::optional<std::string>& key_id, Algorithm algorithm,
                                std::string_view input, std::string_view signature);
  // Whether this is one of the keys in use now, also when no token has come since they changed.
  bool has_key(KeyMark mark) const;

 private:
  void take(const KeySet& keys);

  std::shared_ptr<KeySetSlot> slot_;
  std::uint64_t version_ = 0;  // of the slot, when its keys were cloned
  std::vector<SetKey> keys_;
};

}  // namespace carillon::auth

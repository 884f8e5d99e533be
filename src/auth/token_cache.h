#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/claims.h"
#include "auth/identity.h"
#include "auth/openssl_handles.h"
#include "base/ref.h"
#include "base/time.h"

namespace carillon::auth {

using TokenDigest = std::array<unsigned char, 32>;

// TokenCache: verified tokens by their SHA-256, so that a reconnecting client costs one hash instead of a
// signature check. It belongs to one Authenticator, whose keys verified the tokens.
//
// Thread: one. Memory: about 150 B per entry plus its Identity, for at most `entries_max` entries; then CLOCK
// (second chance) makes room, expired entries first.
class TokenCache {
 public:
  // With 0 it caches nothing.
  explicit TokenCache(std::size_t entries_max);

  // Returns nothing when OpenSSL fails (out of memory): continue without the cache.
  std::optional<TokenDigest> digest_of(std::string_view token);

  // Returns null when it is not cached, or not valid at `now`: the wall clock may have been set either way.
  Ref<const Identity> find(const TokenDigest& digest, WallTime now);
  void insert(const TokenDigest& digest, Ref<const Identity> identity, Validity validity, WallTime now);

  // Forgets every token, because a key that verified some of them is no longer valid.
  void clear();

  std::size_t size() const { return slots_.size(); }

 private:
  enum class Recent : std::uint8_t { no, yes };  // used since the clock's hand last passed
  struct Slot {
    TokenDigest digest{};
    Ref<const Identity> identity;
    Validity validity;
    Recent recent = Recent::no;
  };
  struct Hash {
    std::size_t operator()(const TokenDigest& digest) const noexcept;
  };

  std::uint32_t make_room(WallTime now);

  std::size_t entries_max_;
  std::vector<Slot> slots_;
  std::unordered_map<TokenDigest, std::uint32_t, Hash> index_;
  std::size_t hand_ = 0;
  DigestHandle sha256_;
  DigestContext context_;
};

}  // namespace carillon::auth

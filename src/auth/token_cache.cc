#include "auth/token_cache.h"

#include <openssl/evp.h>

#include <cstring>

namespace carillon::auth {

TokenCache::TokenCache(std::size_t entries_max)
    : entries_max_(entries_max),
      sha256_(EVP_MD_fetch(nullptr, "SHA256", nullptr)),
      context_(EVP_MD_CTX_new()) {
  const ErrorQueueGuard guard;
}

// The digest is uniform by itself.
std::size_t TokenCache::Hash::operator()(const TokenDigest& digest) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

std::optional<TokenDigest> TokenCache::digest_of(std::string_view token) {
  if (entries_max_ == 0 || !sha256_ || !context_) return std::nullopt;
  const ErrorQueueGuard guard;
  TokenDigest digest{};
  if (EVP_DigestInit_ex2(context_.get(), sha256_.get(), nullptr) != 1 ||
      EVP_DigestUpdate(context_.get(), token.data(), token.size()) != 1 ||
      EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) != 1) {
    return std::nullopt;
  }
  return digest;
}

Ref<const Identity> TokenCache::find(const TokenDigest& digest, WallTime now) {
  const auto found = index_.find(digest);
  if (found == index_.end()) return {};
  Slot& slot = slots_[found->second];
  if (now < slot.validity.from || now >= slot.validity.until) return {};
  slot.recent = Recent::yes;
  return slot.identity;
}

void TokenCache::insert(const TokenDigest& digest, Ref<const Identity> identity, Validity validity,
                        WallTime now) {
  if (entries_max_ == 0) return;
  const auto known = index_.find(digest);
  const std::uint32_t place = known != index_.end() ? known->second : make_room(now);
  if (known == index_.end()) index_.emplace(digest, place);
  // A newcomer is not "recent": a flood of tokens used once must not push out those that return.
  slots_[place] = {digest, std::move(identity), validity, Recent::no};
}

void TokenCache::clear() {
  slots_.clear();
  index_.clear();
  hand_ = 0;
}

std::uint32_t TokenCache::make_room(WallTime now) {
  if (slots_.size() < entries_max_) {
    slots_.emplace_back();
    return static_cast<std::uint32_t>(slots_.size() - 1);
  }
  for (;;) {
    Slot& slot = slots_[hand_];
    const auto place = static_cast<std::uint32_t>(hand_);
    hand_ = (hand_ + 1) % slots_.size();
    if (slot.recent == Recent::yes && now < slot.validity.until) {
      slot.recent = Recent::no;
      continue;
    }
    index_.erase(slot.digest);
    return place;
  }
}

}  // namespace carillon::auth

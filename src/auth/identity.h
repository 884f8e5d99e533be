#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/key_mark.h"
#include "base/ref.h"
#include "base/time.h"
#include "event/channel_pattern.h"

namespace carillon::auth {

// Identity: the user of a connection, from its verified token. Immutable; shared by every
// connection that came with the same token.
class Identity final : public RefCounted {
 public:
  // The channels that the token permits; nothing when no claim restricts them.
  using Permitted = std::optional<std::vector<ChannelPattern>>;

  static Ref<const Identity> make(std::string_view subject, std::optional<WallTime> expires_at,
                                  Permitted permitted = std::nullopt, KeyMark key = 0,
                                  std::vector<std::string> selected = {});
  static void destroy(const Identity* identity);

  // Returns "" when the token has no `sub`. Valid as long as the identity.
  std::string_view subject() const { return {reinterpret_cast<const char*>(this + 1), subject_bytes_}; }
  // Returns when the token expires: `exp` plus the key's leeway, in the year 2262 at the latest. Nothing: no
  // `exp`.
  std::optional<WallTime> expires_at() const {
    return expires_at_ == kNever ? std::nullopt : std::optional(expires_at_);
  }
  // The key that verified its token.
  KeyMark key() const { return key_; }
  // The channels that a claim of its token selects (select.by = "claim:…"); empty for other endpoints.
  const std::vector<std::string>& selected() const;
  // Returns whether it may subscribe to and publish on this channel, by the name that clients use.
  bool permits(std::string_view channel) const;

 private:
  static constexpr WallTime kNever = WallTime::min();

  // What only the tokens of some endpoints have.
  struct Channels {
    Permitted permitted;
    std::vector<std::string> selected;
  };
  Identity(std::string_view subject, std::optional<WallTime> expires_at, KeyMark key,
           std::unique_ptr<const Channels> channels);
  ~Identity() = default;

  // The subject's bytes are stored right after the object: when every connection has its own user, a
  // second allocation would cost as much as the first.
  const std::uint32_t subject_bytes_;
  const KeyMark key_;
  const WallTime expires_at_;
  const std::unique_ptr<const Channels> channels_;  // null for most
};

}  // namespace carillon::auth

// Identity: who a connection speaks for, as its verified token says. Immutable; shared by every
// connection that came with the same token.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "base/time.h"
#include "event/channel_pattern.h"

namespace carillon::auth {

class Identity final : public RefCounted {
 public:
  // The channels that a token names; nothing: it is not asked for any.
  using Permitted = std::optional<std::vector<ChannelPattern>>;

  static Ref<const Identity> make(std::string subject, std::optional<WallTime> expires_at,
                                  Permitted permitted = std::nullopt) {
    return Ref<const Identity>::adopt(new Identity(std::move(subject), expires_at, std::move(permitted)));
  }
  static void destroy(const Identity* identity) { delete identity; }

  const std::string& subject() const { return subject_; }  // "" without a `sub`
  // From then on the token is refused: `exp` and the key's leeway, in the year 2262 at the latest.
  std::optional<WallTime> expires_at() const { return expires_at_; }  // nothing: no `exp`
  // May it hear and say things on this channel, as clients name it?
  bool permits(std::string_view channel) const {
    if (!permitted_) return true;
    for (const ChannelPattern& pattern : *permitted_) {
      if (pattern.match(channel)) return true;
    }
    return false;
  }

 private:
  Identity(std::string subject, std::optional<WallTime> expires_at, Permitted permitted)
      : subject_(std::move(subject)), expires_at_(expires_at) {
    if (permitted) permitted_ = std::make_unique<std::vector<ChannelPattern>>(std::move(*permitted));
  }
  ~Identity() = default;

  std::string subject_;
  std::optional<WallTime> expires_at_;
  std::unique_ptr<std::vector<ChannelPattern>> permitted_;  // null, and 8 bytes, for most
};

}  // namespace carillon::auth

#include "auth/identity.h"

#include <cstring>
#include <new>

namespace carillon::auth {

Ref<const Identity> Identity::make(std::string_view subject, std::optional<WallTime> expires_at,
                                   Permitted permitted, KeyMark key, std::vector<std::string> selected) {
  std::unique_ptr<const Channels> channels;
  if (permitted || !selected.empty()) {
    channels = std::make_unique<const Channels>(Channels{std::move(permitted), std::move(selected)});
  }
  void* const memory = ::operator new(sizeof(Identity) + subject.size());
  return Ref<const Identity>::adopt(new (memory) Identity(subject, expires_at, key, std::move(channels)));
}

void Identity::destroy(const Identity* identity) {
  auto* const memory = const_cast<Identity*>(identity);
  memory->~Identity();
  ::operator delete(static_cast<void*>(memory));
}

Identity::Identity(std::string_view subject, std::optional<WallTime> expires_at, KeyMark key,
                   std::unique_ptr<const Channels> channels)
    : subject_bytes_(static_cast<std::uint32_t>(subject.size())),
      key_(key),
      expires_at_(expires_at.value_or(kNever)),
      channels_(std::move(channels)) {
  std::memcpy(static_cast<void*>(this + 1), subject.data(), subject.size());
}

const std::vector<std::string>& Identity::selected() const {
  static const std::vector<std::string> none;
  return channels_ ? channels_->selected : none;
}

bool Identity::permits(std::string_view channel) const {
  if (!channels_ || !channels_->permitted) return true;
  for (const ChannelPattern& pattern : *channels_->permitted) {
    if (pattern.match(channel)) return true;
  }
  return false;
}

}  // namespace carillon::auth

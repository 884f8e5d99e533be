#include "auth/identity.h"

#include <cstring>
#include <new>

namespace carillon::auth {

Ref<const Identity> Identity::make(std::string_view subject, std::optional<WallTime> expires_at,
                                   Permitted permitted, KeyMark key) {
  void* const memory = ::operator new(sizeof(Identity) + subject.size());
  return Ref<const Identity>::adopt(new (memory) Identity(subject, expires_at, std::move(permitted), key));
}

void Identity::destroy(const Identity* identity) {
  auto* const memory = const_cast<Identity*>(identity);
  memory->~Identity();
  ::operator delete(static_cast<void*>(memory));
}

Identity::Identity(std::string_view subject, std::optional<WallTime> expires_at, Permitted permitted,
                   KeyMark key)
    : subject_bytes_(static_cast<std::uint32_t>(subject.size())),
      key_(key),
      expires_at_(expires_at.value_or(kNever)),
      permitted_(permitted ? std::make_unique<const std::vector<ChannelPattern>>(*std::move(permitted))
                           : nullptr) {
  std::memcpy(static_cast<void*>(this + 1), subject.data(), subject.size());
}

bool Identity::permits(std::string_view channel) const {
  if (!permitted_) return true;
  for (const ChannelPattern& pattern : *permitted_) {
    if (pattern.match(channel)) return true;
  }
  return false;
}

}  // namespace carillon::auth

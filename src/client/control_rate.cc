#include "client/control_rate.h"

#include <algorithm>

namespace carillon::client {

bool ControlRate::admit(std::uint32_t client, const Limit& limit, MonoTime now) {
  const MonoClock::duration one = MonoClock::duration(seconds(1)) / limit.per_second;
  const MonoClock::duration all = one * limit.burst;
  MonoTime& full_at = full_at_.try_emplace(client, now).first->second;
  full_at = std::max(full_at, now);
  if (full_at + one > now + all) return false;
  full_at += one;
  return true;
}

void ControlRate::sweep(MonoTime now) {
  std::erase_if(full_at_, [now](const auto& each) { return each.second <= now; });
}

}  // namespace carillon::client

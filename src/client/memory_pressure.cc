#include "client/memory_pressure.h"

namespace carillon::client {
namespace {

// Whether `use` has reached `percent` of its limit. Computed in 128 bits, because a limit may be near 2^64.
bool has_reached(const MemoryUse& use, std::uint64_t percent) {
  __extension__ using Wide = unsigned __int128;
  return Wide{use.used_bytes} * 100 >= Wide{use.limit_bytes} * percent;
}

}  // namespace

std::string_view name_of(MemoryLevel level) {
  switch (level) {
    case MemoryLevel::normal:
      return "normal";
    case MemoryLevel::refusing:
      return "refusing";
    case MemoryLevel::shedding:
      break;
  }
  return "shedding";
}

MemoryLevel MemoryPressure::sample(MemoryUse use, Reserve reserve) {
  used_.store(use.used_bytes, std::memory_order_relaxed);
  limit_.store(use.limit_bytes, std::memory_order_relaxed);
  const MemoryLevel before = level();
  const auto has = [&](MemoryLevel of, std::uint64_t percent) {
    return has_reached(use, before >= of ? percent - kLeavePercent : percent);
  };
  MemoryLevel now = MemoryLevel::normal;
  if (has(MemoryLevel::refusing, kRefusePercent)) now = MemoryLevel::refusing;
  if (has(MemoryLevel::shedding, kShedPercent)) now = MemoryLevel::shedding;
  if (reserve == Reserve::used_up) {
    now = MemoryLevel::shedding;
    reserve_uses_.fetch_add(1, std::memory_order_relaxed);
  }
  level_.store(now, std::memory_order_relaxed);
  return now;
}

}  // namespace carillon::client

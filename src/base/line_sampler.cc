#include "base/line_sampler.h"

#include <utility>

namespace carillon {

LineSampler::Kind& LineSampler::kind_named(std::string_view name, MonoTime now) {
  for (std::size_t i = 0; i < count_; ++i) {
    if (kinds_[i].name == name) return kinds_[i];
  }
  if (count_ == kKindsMax) return kinds_[kKindsMax];
  kinds_[count_] = {name, now, 0, 0};
  return kinds_[count_++];
}

std::optional<std::uint64_t> LineSampler::admit(std::string_view name, MonoTime now) {
  Kind& kind = kind_named(name, now);
  if (now - kind.interval_begin >= limits_.interval) {
    kind.interval_begin = now;
    kind.lines = 0;
  }
  if (kind.lines == limits_.lines_max) {
    ++kind.suppressed;
    ++suppressed_;
    return std::nullopt;
  }
  ++kind.lines;
  return std::exchange(kind.suppressed, 0);
}

}  // namespace carillon

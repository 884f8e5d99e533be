#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace carillon {

// LineSampler: decides which of many events get a log line, so that a flood of events does not cause a flood
// of lines, and a flood of one kind does not hide the first event of another kind.
//
// Pure: the caller passes in the time. Thread: one.
// Limits: lines_max lines per kind and interval, kKindsMax kinds; further kinds share one allowance.
class LineSampler {
 public:
  struct Limits {
    std::uint32_t lines_max = 10;
    MonoClock::duration interval = seconds(1);
  };
  static constexpr std::size_t kKindsMax = 96;

  LineSampler() : LineSampler(Limits{}) {}
  explicit LineSampler(Limits limits) : limits_(limits) {}

  // Counts one event. Returns nothing when it must not be logged; otherwise how many events of its kind got
  // no line since the kind's last one, for the line's field `suppressed`. `kind` is a literal and is kept as
  // a view.
  std::optional<std::uint64_t> admit(std::string_view kind, MonoTime now);

  // All events that got no line.
  std::uint64_t suppressed() const { return suppressed_; }

 private:
  struct Kind {
    std::string_view name;
    MonoTime interval_begin{};
    std::uint32_t lines = 0;  // in this interval
    std::uint64_t suppressed = 0;
  };
  Kind& kind_named(std::string_view name, MonoTime now);

  const Limits limits_;
  std::size_t count_ = 0;
  std::array<Kind, kKindsMax + 1> kinds_{};  // the last one: all others
  std::uint64_t suppressed_ = 0;
};

}  // namespace carillon

// Trace: everything that happened in one seed, as a hash and, on request, as lines. Two runs of a seed are
// the same when their hashes are.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "base/time.h"

namespace carillon::simulation {

class Trace {
 public:
  enum class Lines : std::uint8_t { hidden, printed };
  explicit Trace(Lines lines) : lines_(lines) {}

  bool prints() const { return lines_ == Lines::printed; }
  std::uint64_t hash() const { return hash_; }

  // `what` happened to `who`, with these bytes or this text.
  void note(MonoTime now, std::string_view what, std::int64_t who, std::string_view detail = {}) {
    mix(static_cast<std::uint64_t>(now.time_since_epoch().count()));
    mix(static_cast<std::uint64_t>(who));
    mix_bytes(what);
    mix_bytes(detail);
    if (prints()) print(now, what, who, detail);
  }

 private:
  void mix(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0x9e3779b97f4a7c15ULL;
    hash_ ^= hash_ >> 29;
  }
  void mix_bytes(std::string_view bytes) {
    mix(bytes.size());
    while (bytes.size() >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), 8);
      mix(word);
      bytes.remove_prefix(8);
    }
    std::uint64_t rest = 0;
    if (!bytes.empty()) std::memcpy(&rest, bytes.data(), bytes.size());
    mix(rest);
  }
  static void print(MonoTime now, std::string_view what, std::int64_t who, std::string_view detail) {
    constexpr std::size_t kShown = 160;
    std::string shown;
    for (const char each : detail.substr(0, kShown)) shown += each >= ' ' && each <= '~' ? each : '.';
    std::printf("%12.6f %-18.*s %6lld %4zu %s\n", static_cast<double>(now.time_since_epoch().count()) / 1e9,
                static_cast<int>(what.size()), what.data(), static_cast<long long>(who), detail.size(),
                shown.c_str());
  }

  const Lines lines_;
  std::uint64_t hash_ = 0x6a09e667f3bcc908ULL;
};

}  // namespace carillon::simulation

#include "fanout/lag_watch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <optional>

namespace carillon::fanout {
namespace {

using Finding = LagWatch::Finding;
constexpr std::uint32_t kCheckMs = 250;
constexpr std::uint64_t kMiB = 1024 * 1024;

LagSample blocked_with(std::uint64_t behind) {
  return {.behind_bytes = behind, .unsent_bytes = behind, .oldest_age_ms = 0, .blocked = true};
}

// Looks every 250 ms at one whose backlog is behind(time in ms); nothing: never slow.
std::optional<std::uint32_t> slow_after(
    const LagRule& rule, std::uint32_t until_ms, const std::function<double(double)>& behind,
    const std::function<double(double)>& age = [](double) { return 0.0; }) {
  LagWatch watch(0);
  for (std::uint32_t ms = 0; ms <= until_ms; ms += kCheckMs) {
    LagSample sample = blocked_with(static_cast<std::uint64_t>(std::max(behind(ms), 0.0)));
    sample.oldest_age_ms = static_cast<std::uint32_t>(std::max(age(ms), 0.0));
    const Finding finding = watch.look(rule, sample, ms, 0);
    if (finding == Finding::slow_by_bytes || finding == Finding::slow_by_age) return ms;
  }
  return std::nullopt;
}

TEST(LagWatch, BytesAtTheLimitFromTheLookThatFoundThemOver) {
  for (const int off : {-1, 0, 1}) {
    const auto slow = slow_after({.bytes_max = 1000}, 10'000, [&](double) { return 1000 + off; });
    EXPECT_EQ(slow, off > 0 ? std::optional(3000U) : std::nullopt) << off;
  }
}

TEST(LagWatch, TheGraceAtTheLimit) {
  for (const int off : {-1, 0, 1}) {
    const LagRule rule{.bytes_max = 1000, .grace_ms = 3000};
    LagWatch watch(0);
    EXPECT_EQ(watch.look(rule, blocked_with(2000), 0, 0), Finding::keeps_up);
    const auto finding = watch.look(rule, blocked_with(2000), static_cast<std::uint32_t>(3000 + off), 0);
    EXPECT_EQ(finding, off < 0 ? Finding::keeps_up : Finding::slow_by_bytes) << off;
  }
}

TEST(LagWatch, OneSampleUnderTheLimitRestartsTheGracePeriod) {
  const auto slow = slow_after({.bytes_max = 1000}, 5000, [](double ms) { return ms == 2500 ? 1000 : 2000; });
  EXPECT_FALSE(slow);
}

// 64 MiB arrive within a second; a reader of 20 Mbit/s needs 27 s for them and is never slow, although it is
// more than 15 s behind.
TEST(LagWatch, ABurstThatAClientIsReadingIsNoLag) {
  const auto behind = [](double ms) { return 64.0 * kMiB * std::min(ms / 1000, 1.0) - 2.5e6 * ms / 1000; };
  const auto age = [](double ms) { return ms < 27'000 ? ms : 0.0; };
  EXPECT_FALSE(slow_after({}, 30'000, behind, age));
}

// 90 % of 5 MB/s, read in pieces of 450 KB.
TEST(LagWatch, OneThatReadsSteadilyLessThanArrivesIsSlow) {
  const auto behind = [](double ms) { return 5000.0 * ms - 450'000.0 * std::floor(ms / 100); };
  const auto slow = slow_after({}, 60'000, behind);
  ASSERT_TRUE(slow);
  EXPECT_LE(*slow, 20'000U);
}

TEST(LagWatch, OneThatStopsReadingInABurstIsSlow) {
  const auto behind = [](double ms) { return ms < 4000 ? 20e6 - 2.5e3 * ms : 10e6; };
  const auto slow = slow_after({}, 60'000, behind);
  ASSERT_TRUE(slow);
  EXPECT_GE(*slow, 7000U);
  EXPECT_LE(*slow, 8500U);
}

TEST(LagWatch, AnOldByteIsExcusedOnlyByAPaceThatEndsTheBacklogInTime) {
  // 10 % of the backlog in each window of 1.5 s is what age_max = 15 s asks for.
  for (const double pace : {0.08, 0.12}) {
    const auto behind = [&](double ms) { return 50e6 * std::pow(1 - pace, ms / 1500); };
    const auto slow = slow_after({}, 60'000, behind, [](double ms) { return ms; });
    EXPECT_EQ(slow.has_value(), pace < 0.1) << pace;
    EXPECT_EQ(slow.value_or(15'250U), 15'250U);
  }
}

TEST(LagWatch, AReplyThatLeavesInPiecesIsProgress) {
  LagWatch watch(0);
  for (std::uint32_t ms = 0; ms <= 20'000; ms += kCheckMs) {
    // Its events wait behind a reply of 10 MB, of which it reads 500 KB a second.
    const LagSample sample{.behind_bytes = 2 * kMiB,
                           .unsent_bytes = 2 * kMiB + 10'000'000 - 500ULL * ms,
                           .oldest_age_ms = 0,
                           .blocked = true};
    ASSERT_EQ(watch.look({}, sample, ms, 0), Finding::keeps_up) << ms;
  }
}

TEST(LagWatch, NoSubscriberIsSlowBecauseTheEngineIs) {
  for (const bool takes_bytes : {true, false}) {
    LagWatch watch(0);
    Finding last{};
    for (std::uint32_t ms = 0; ms <= 3000; ms += kCheckMs) {
      LagSample sample = blocked_with(2 * kMiB + ms);
      if (takes_bytes) sample.blocked = ms % 500 == 0;
      last = watch.look({}, sample, ms, ms);  // there has been work left all the time
    }
    EXPECT_EQ(last, takes_bytes ? Finding::engine_is_slow : Finding::slow_by_bytes);
  }
}

TEST(LagWatch, NoSubscriberIsOldBecauseTheEngineIsSlow) {
  for (const bool takes_bytes : {true, false}) {
    LagWatch watch(0);
    Finding last{};
    for (std::uint32_t ms = 0; ms <= 15'250; ms += kCheckMs) {
      LagSample sample = blocked_with(1000);
      sample.oldest_age_ms = ms;
      if (takes_bytes) sample.blocked = ms % 500 == 0;
      last = watch.look({}, sample, ms, ms);
    }
    EXPECT_EQ(last, takes_bytes ? Finding::engine_is_slow : Finding::slow_by_age);
  }
}

TEST(LagWatch, BytesInTheTransportAgeFromTheLookThatSawThem) {
  for (const int off : {0, 1}) {
    LagWatch watch(0);
    const LagSample held{.unsent_bytes = 16'000, .held_bytes = 16'000, .blocked = true};
    EXPECT_EQ(watch.look({}, held, 100, 0), Finding::keeps_up);
    EXPECT_EQ(watch.look({}, held, static_cast<std::uint32_t>(15'100 + off), 0),
              off > 0 ? Finding::slow_by_age : Finding::keeps_up);
  }
}

TEST(LagWatch, ARestartForgets) {
  for (const int off : {-1, 0}) {
    LagWatch watch(0);
    for (std::uint32_t ms = 0; ms < 3000; ms += kCheckMs) watch.look({}, blocked_with(2 * kMiB), ms, 0);
    watch.restart(3000);
    EXPECT_EQ(watch.look({}, blocked_with(2 * kMiB), 3000, 0), Finding::keeps_up);
    EXPECT_EQ(watch.look({}, blocked_with(2 * kMiB), static_cast<std::uint32_t>(6000 + off), 0),
              off < 0 ? Finding::keeps_up : Finding::slow_by_bytes);
  }
}

TEST(LagWatch, TimesMayWrap) {
  const std::uint32_t begin = 0xffffffff - 1000;
  LagWatch watch(begin);
  watch.look({}, blocked_with(2 * kMiB), begin, 0);
  EXPECT_EQ(watch.look({}, blocked_with(2 * kMiB), begin + 2999, 0), Finding::keeps_up);
  EXPECT_EQ(watch.look({}, blocked_with(2 * kMiB), begin + 5999, 0), Finding::slow_by_bytes);
}

}  // namespace
}  // namespace carillon::fanout

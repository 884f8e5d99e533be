#include "client/accept_windows.h"

#include <gtest/gtest.h>

#include <array>

namespace carillon::client {
namespace {

using config::Limit;

constexpr MonoTime kWindowsStart{std::chrono::hours(1)};

AddressKey numbered(std::size_t i) {
  const std::array<std::uint8_t, 4> bytes{10, static_cast<std::uint8_t>(i >> 16),
                                          static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
  return {IpAddress::v4(bytes.data()), 0};
}

const AddressKey kA = numbered(1);
const AddressKey kB = numbered(2);

AcceptWindows::Rule rule_of(std::uint64_t accepts, std::uint64_t weight = 10) {
  return {Limit::of(accepts), seconds(60), weight};
}

// How many upgrades fit now.
std::uint64_t room(AcceptWindows& windows, const AddressKey& key, const AcceptWindows::Rule& rule,
                   MonoTime now) {
  std::uint64_t count = 0;
  while (windows.try_accept(key, rule, now)) ++count;
  return count;
}

TEST(AcceptWindows, AFailureCountsAsItsWeight) {
  for (const std::uint64_t accepts : {11U, 10U, 9U}) {
    AcceptWindows windows;
    windows.note_failure(kA, rule_of(accepts), kWindowsStart);
    EXPECT_EQ(room(windows, kA, rule_of(accepts), kWindowsStart),
              accepts - std::min<std::uint64_t>(accepts, 10));
    EXPECT_EQ(room(windows, kB, rule_of(accepts), kWindowsStart), accepts) << "another address";
  }
}

TEST(AcceptWindows, AWeightOfZeroCountsNothing) {
  AcceptWindows windows;
  windows.note_failure(kA, rule_of(5, 0), kWindowsStart);
  EXPECT_EQ(room(windows, kA, rule_of(5, 0), kWindowsStart), 5U);
}

TEST(AcceptWindows, FailuresLeaveTheWindow) {
  AcceptWindows windows;
  const auto rule = rule_of(20);
  windows.note_failure(kA, rule, kWindowsStart);
  windows.note_failure(kA, rule, kWindowsStart + seconds(30));
  EXPECT_FALSE(windows.has_room(kA, rule, kWindowsStart + milliseconds(59'999)));
  EXPECT_EQ(windows.retry_after_s(kA, rule, kWindowsStart + seconds(31)), 29U);
  EXPECT_TRUE(windows.has_room(kA, rule, kWindowsStart + seconds(60)));
  EXPECT_EQ(room(windows, kA, rule, kWindowsStart + seconds(60)), 10U);
}

// One failure every 500 ms, for ten windows: they are kept in parts, and each part leaves the window.
TEST(AcceptWindows, AStreamOfFailuresIsForgottenAsItLeavesTheWindow) {
  AcceptWindows windows;
  const auto rule = rule_of(1'000'000, 1);
  for (int i = 0; i < 1200; ++i) windows.note_failure(kA, rule, kWindowsStart + milliseconds(500) * i);
  const MonoTime now = kWindowsStart + milliseconds(500) * 1199;
  const std::uint64_t used = 1'000'000 - room(windows, kA, rule, now);
  EXPECT_NEAR(static_cast<double>(used), 120, 2);
}

TEST(AcceptWindows, RetryAfterWaitsForAsMuchAsIsNeeded) {
  AcceptWindows windows;
  const auto rule = rule_of(12);
  windows.try_accept(kA, rule, kWindowsStart);
  windows.note_failure(kA, rule, kWindowsStart + seconds(10));
  windows.try_accept(kA, rule, kWindowsStart + seconds(20));
  windows.note_failure(kA, rule, kWindowsStart + seconds(30));  // 22 in all
  EXPECT_EQ(windows.retry_after_s(kA, rule, kWindowsStart + seconds(30)), 40U)
      << "the first failure has to leave";
  EXPECT_EQ(windows.retry_after_s(kB, rule, kWindowsStart), 1U);
}

TEST(AcceptWindows, AddressesThatOnlyFailFillAtMostHalfOfTheTable) {
  AcceptWindows windows;
  windows.set_longest_window(seconds(60));
  const auto rule = rule_of(5);
  constexpr std::size_t kHalf = AcceptWindows::kAddressesMax / 2;
  for (std::size_t i = 0; i < kHalf + 1000; ++i) windows.note_failure(numbered(i), rule, kWindowsStart);
  EXPECT_FALSE(windows.has_room(numbered(kHalf - 1), rule, kWindowsStart)) << "it is remembered";
  EXPECT_TRUE(windows.has_room(numbered(kHalf), rule, kWindowsStart)) << "it is not";
  for (std::size_t i = kHalf; i < AcceptWindows::kAddressesMax; ++i) {
    ASSERT_TRUE(windows.try_accept(numbered(i), rule, kWindowsStart)) << i;
  }
  EXPECT_FALSE(windows.try_accept(numbered(AcceptWindows::kAddressesMax), rule, kWindowsStart));
  EXPECT_EQ(windows.table_full_refusals(), 1U);
  windows.note_failure(kA, rule, kWindowsStart + seconds(61));
  EXPECT_TRUE(windows.try_accept(numbered(AcceptWindows::kAddressesMax), rule, kWindowsStart + seconds(61)));
}

}  // namespace
}  // namespace carillon::client

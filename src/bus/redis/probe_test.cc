#include "bus/redis/probe.h"

#include <gtest/gtest.h>

namespace carillon::bus {
namespace {

constexpr MonoTime kProbeStart{std::chrono::hours(1)};
using Act = Probe::Act;

TEST(Probe, AsksEveryIntervalAndIsContentWithItsOwnNonce) {
  Probe probe(seconds(5), seconds(5), 1);
  EXPECT_EQ(probe.next_deadline(), MonoTime::max());
  probe.start(kProbeStart);
  EXPECT_EQ(probe.next_deadline(), kProbeStart);
  EXPECT_EQ(probe.advance(kProbeStart), Act::send);
  EXPECT_EQ(probe.advance(kProbeStart), Act::nothing);
  const auto first = probe.nonce();
  probe.on_nonce("somebody else's");
  EXPECT_FALSE(probe.passed());
  probe.on_nonce(first);
  EXPECT_TRUE(probe.passed());
  EXPECT_EQ(probe.next_deadline(), kProbeStart + seconds(5));
  EXPECT_EQ(probe.advance(kProbeStart + seconds(5) - milliseconds(1)), Act::nothing);
  EXPECT_EQ(probe.advance(kProbeStart + seconds(5)), Act::send);
  EXPECT_NE(probe.nonce(), first);
  probe.on_nonce(first);
  EXPECT_EQ(probe.advance(kProbeStart + seconds(10)), Act::missed) << "an old nonce does not count";
}

TEST(Probe, ASubscriberThatStopsReceivingIsDetectedWithinTenSeconds) {
  Probe probe(seconds(5), seconds(5), 1);
  probe.start(kProbeStart);
  EXPECT_EQ(probe.advance(kProbeStart), Act::send);
  probe.on_nonce(probe.nonce());  // nothing arrives from here on
  MonoTime now = kProbeStart;
  Act act = Act::nothing;
  while (act != Act::missed) {
    now = probe.next_deadline();
    act = probe.advance(now);
  }
  EXPECT_LT(now, kProbeStart + milliseconds(9900));
}

TEST(Probe, APongCountsOnlyWhereAPingIsOut) {
  Probe probe(seconds(5), seconds(5), 1);
  probe.start(kProbeStart);
  EXPECT_EQ(probe.advance(kProbeStart), Act::send);
  probe.went_by(Probe::Way::nonce);
  probe.on_pong();
  EXPECT_FALSE(probe.passed());
  probe.send_again(kProbeStart + seconds(1));
  EXPECT_EQ(probe.advance(kProbeStart + seconds(1)), Act::send);
  probe.went_by(Probe::Way::ping);
  probe.on_nonce(probe.nonce());
  EXPECT_FALSE(probe.passed());
  probe.on_pong();
  EXPECT_TRUE(probe.passed());
}

TEST(Probe, OneIsOutAtATimeEvenWithAShortInterval) {
  Probe probe(milliseconds(100), seconds(5), 1);
  probe.start(kProbeStart);
  EXPECT_EQ(probe.advance(kProbeStart), Act::send);
  EXPECT_EQ(probe.advance(kProbeStart + seconds(1)), Act::nothing);
  probe.on_nonce(probe.nonce());
  EXPECT_EQ(probe.advance(kProbeStart + seconds(1)), Act::send);
}

TEST(Probe, StoppedItDoesNothing) {
  Probe probe(seconds(5), seconds(5), 1);
  probe.start(kProbeStart);
  EXPECT_EQ(probe.advance(kProbeStart), Act::send);
  probe.on_nonce(probe.nonce());
  probe.stop();
  EXPECT_FALSE(probe.passed());
  EXPECT_EQ(probe.advance(kProbeStart + std::chrono::hours(1)), Act::nothing);
  probe.send_again(kProbeStart);
  EXPECT_FALSE(probe.running());
}

}  // namespace
}  // namespace carillon::bus

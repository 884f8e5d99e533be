// Subscribers that are sent the events of all of their logs in the order of their numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "fanout/testing/stage.h"

namespace carillon::fanout::testing {
namespace {

using ::testing::ElementsAre;

// A subscriber, number 0, of several logs. Each event's text is its number.
struct Ordered {
  explicit Ordered(std::size_t logs, Order order = Order::by_number) {
    stage.engine->add_subscriber(0, kDisconnect, Encoding::plain);
    stage.engine->become(0, kDisconnect, Encoding::plain, order);
    for (std::size_t i = 0; i < logs; ++i) {
      ids.push_back(stage.engine->add_log(kDisconnect));
      stage.engine->subscribe(0, ids.back());
    }
  }

  void append(std::size_t log, std::uint64_t number, std::size_t size = 0, Tag tag = 0) {
    std::string text = std::to_string(number);
    text.resize(std::max(text.size(), size), '.');
    stage.engine->append(ids[log], stage.arena.make_shared(text, {stage.now, number}), stage.now, tag);
  }
  std::vector<std::uint64_t> received() {
    std::vector<std::uint64_t> numbers;
    for (const std::string& text : stage.received(0)) {
      if (text != "…") numbers.push_back(std::stoull(text));
    }
    return numbers;
  }

  Stage stage;
  std::vector<LogId> ids;
};

TEST(OrderByNumber, TheEventsOfSeveralLogsAreMerged) {
  for (const Order order : {Order::by_number, Order::by_log}) {
    Ordered ordered(2, order);
    ordered.append(0, 1);
    ordered.append(1, 2);
    ordered.append(0, 3);
    ordered.append(0, 4);
    ordered.append(1, 5);
    ordered.stage.run();
    if (order == Order::by_number) {
      EXPECT_THAT(ordered.received(), ElementsAre(1, 2, 3, 4, 5));
      EXPECT_EQ(ordered.stage.host.at(0).writes(), 1U);
    } else {
      EXPECT_THAT(ordered.received(), ElementsAre(1, 3, 4, 2, 5));
    }
    EXPECT_EQ(ordered.stage.engine->counters().sent_in_total().deliveries, 5U);
  }
}

// A write has at most kPiecesMax segments. A log that is left out of it must not be passed by.
TEST(OrderByNumber, AsManyLogsAsAWriteHasSegmentsAndOneMore) {
  constexpr std::size_t kMost = FanOut::kPiecesMax;
  for (const std::size_t logs : {kMost - 1, kMost, kMost + 1}) {
    Ordered ordered(logs);
    std::vector<std::uint64_t> expected;
    // The last log but one has an event before and one behind that of the last log.
    for (std::uint64_t i = 0; i < logs; ++i) ordered.append(logs - 1 - (i + 1) % logs, i + 1);
    for (std::uint64_t i = 0; i < logs; ++i) ordered.append(i, logs + i + 1);
    for (std::uint64_t number = 1; number <= 2 * logs; ++number) expected.push_back(number);
    ordered.stage.run();
    EXPECT_EQ(ordered.received(), expected) << logs;
  }
}

TEST(OrderByNumber, ALogThatIsLeftOutLimitsWhatTheOthersMaySend) {
  constexpr std::size_t kMost = FanOut::kPiecesMax;
  Ordered ordered(kMost + 1);
  std::vector<std::uint64_t> expected;
  for (std::uint64_t i = 0; i <= kMost; ++i) {
    // The last one has a block of its own, so that the events around it are one piece of the write.
    ordered.append(i, i + 1, i == kMost ? FrameArena::kOwnBlockFrom : 0);
    expected.push_back(i + 1);
  }
  const std::uint64_t last = kMost + 2;
  ordered.append(kMost - 1, last);  // behind an event that is earlier than the one left out
  expected.push_back(last);
  ordered.stage.run();
  EXPECT_EQ(ordered.received(), expected);
}

TEST(OrderByNumber, AnEventThatIsInTwoLogsIsSentFromBoth) {
  Ordered ordered(2);
  ordered.append(0, 1);
  ordered.append(0, 2);
  ordered.append(1, 2);
  ordered.append(1, 3);
  ordered.stage.run();
  EXPECT_THAT(ordered.received(), ElementsAre(1, 2, 2, 3));
}

TEST(OrderByNumber, ALogWhoseEventsWereDroppedReportsItsGapFirst) {
  LagRule rule;
  rule.bytes_max = 64;
  Ordered ordered(2);
  ordered.stage.engine->set_rules(Stage::rules(rule));
  ordered.stage.engine->add_subscriber(1, kSkip, Encoding::plain);
  ordered.stage.engine->become(1, kSkip, Encoding::plain, Order::by_number);
  const LogId skipping = ordered.stage.engine->add_log(kSkip);
  ordered.ids.push_back(skipping);
  ordered.stage.engine->subscribe(1, ordered.ids[0]);
  ordered.stage.engine->subscribe(1, skipping);
  ordered.append(2, 1);
  ordered.stage.block(1);
  ordered.stage.run();
  for (std::uint64_t number = 2; number <= 9; ++number) ordered.append(2, number, 30);
  ordered.append(0, 10);
  ordered.stage.run();
  ordered.stage.let_through(1);
  ordered.stage.run();
  const Payloads received = ordered.stage.received(1);
  ASSERT_GE(received.size(), 3U);
  EXPECT_TRUE(received[0].starts_with("gap ")) << received[0];
  EXPECT_EQ(received.back(), "10");
}

// Whatever the sizes, and wherever a write ends: what has arrived is a beginning of the sequence.
TEST(OrderByNumber, AClientHasNeverAnEventWithoutAllBeforeIt) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937 dice(seed);
    const auto up_to = [&dice](std::size_t n) { return static_cast<std::size_t>(dice() % n); };
    Ordered ordered(1 + up_to(150));
    const LogId masked = ordered.stage.engine->add_log(kDisconnect);
    ordered.ids.push_back(masked);
    ordered.stage.engine->subscribe(0, masked, TagMask{1} << 3);
    std::vector<std::uint64_t> expected;
    std::uint64_t number = 0;
    for (int round = 0; round < 60; ++round) {
      for (std::size_t burst = up_to(40); burst > 0; --burst) {
        const std::size_t log = up_to(ordered.ids.size());
        const Tag tag = ordered.ids[log] == masked && up_to(2) == 0 ? 4 : 3;
        ordered.append(log, ++number, up_to(100) == 0 ? up_to(70'000) : up_to(300), tag);
        if (tag == 3) expected.push_back(number);
      }
      ordered.stage.let_through(0, up_to(3) == 0 ? 0 : up_to(30'000));
      ordered.stage.slice(1 + up_to(5));
      const auto received = ordered.received();
      ASSERT_LE(received.size(), expected.size());
      ASSERT_TRUE(std::equal(received.begin(), received.end(), expected.begin())) << "seed " << seed;
      ordered.stage.engine->check_lag(ordered.stage.now);
    }
    ordered.stage.let_through(0);
    ordered.stage.run();
    ASSERT_EQ(ordered.received(), expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace carillon::fanout::testing

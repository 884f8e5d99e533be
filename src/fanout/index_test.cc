// The log that a subscriber receives: channels by name, and sets of tags.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "fanout/selection_index.h"
#include "fanout/subscription_index.h"
#include "fanout/testing/stage.h"

namespace carillon::fanout::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Outcome = SubscriptionIndex::Outcome;

template <class Index>
void end_deserted(Stage& stage, Index& index) {
  for (const LogId log : stage.engine->take_deserted()) index.end(log);
}

// --- channels by name ---------------------------------------------------------------------------

TEST(SubscriptionIndex, OnlyChannelsThatStillHaveNoSubscriberAreDeserted) {
  Stage stage;
  SubscriptionIndex index(*stage.engine, ChannelPolicies(kDisconnect), 100, {1, 2}, 7);
  stage.join(0, {});
  for (const char* channel : {"used again", "freed", "deserted"}) index.subscribe(0, channel);
  stage.engine->remove_subscriber(0);
  stage.join(1, {});
  index.subscribe(1, "used again");
  EXPECT_TRUE(index.end(*index.find("freed")));
  EXPECT_THAT(stage.engine->take_deserted(), ElementsAre(*index.find("deserted")));
  EXPECT_EQ(stage.engine->owner_of(*index.find("deserted")), 7U);
}

TEST(SubscriptionIndex, AChannelLivesFromItsFirstSubscriberToItsLast) {
  Stage stage;
  SubscriptionIndex index(*stage.engine, ChannelPolicies(kDisconnect), 100, {1, 2});
  stage.join(0, {});
  stage.join(1, {});
  EXPECT_EQ(index.find("a"), std::nullopt);
  EXPECT_EQ(index.subscribe(0, "a"), Outcome::subscribed);
  EXPECT_EQ(index.subscribe(0, "a"), Outcome::already);
  EXPECT_EQ(index.subscribe(1, "a"), Outcome::subscribed);
  EXPECT_EQ(index.size(), 1U);
  stage.append(*index.find("a"), "event");
  stage.run();
  EXPECT_THAT(stage.received(1), ElementsAre("event"));
  EXPECT_EQ(index.unsubscribe(0, "b"), Outcome::was_not);
  EXPECT_EQ(index.unsubscribe(0, "a"), Outcome::unsubscribed);
  EXPECT_EQ(index.unsubscribe(0, "a"), Outcome::was_not);
  EXPECT_EQ(index.size(), 1U);
  stage.engine->remove_subscriber(1);
  end_deserted(stage, index);
  EXPECT_EQ(index.size(), 0U);
  EXPECT_EQ(index.find("a"), std::nullopt);
}

TEST(SubscriptionIndex, ItsChannelsAtTheLimit) {
  Stage stage;
  SubscriptionIndex index(*stage.engine, ChannelPolicies(kDisconnect), 2, {1, 2});
  stage.join(0, {});
  EXPECT_EQ(index.subscribe(0, "a"), Outcome::subscribed);
  EXPECT_EQ(index.subscribe(0, "b"), Outcome::subscribed);
  EXPECT_EQ(index.subscribe(0, "c"), Outcome::too_many_channels);
  EXPECT_EQ(index.subscribe(0, "b"), Outcome::already);
  index.unsubscribe(0, "a");
  EXPECT_EQ(index.subscribe(0, "c"), Outcome::subscribed);
}

TEST(SubscriptionIndex, OneThatTheEngineHasUnsubscribedLeavesNoEmptyChannel) {
  Stage stage;
  SubscriptionIndex index(*stage.engine, ChannelPolicies(kDisconnect), 2, {1, 2});
  stage.join(0, {});
  index.subscribe(0, "a");
  stage.finish(0);
  stage.run();
  EXPECT_EQ(index.subscribe(0, "b"), Outcome::already);  // it subscribes to nothing any more
  end_deserted(stage, index);
  EXPECT_EQ(index.size(), 0U);
}

TEST(SubscriptionIndex, ADesertedChannelWithANewSubscriberStays) {
  Stage stage;
  SubscriptionIndex index(*stage.engine, ChannelPolicies(kDisconnect), 2, {1, 2});
  stage.join(0, {});
  stage.join(1, {});
  index.subscribe(0, "a");
  stage.engine->remove_subscriber(0);
  index.subscribe(1, "a");
  end_deserted(stage, index);
  ASSERT_TRUE(index.find("a").has_value());
  stage.append(*index.find("a"), "event");
  stage.run();
  EXPECT_THAT(stage.received(1), ElementsAre("event"));
}

// --- sets of tags -------------------------------------------------------------------------------

constexpr Tag kNews = 0;
constexpr Tag kSport = 1;
constexpr Tag kLast = 63;

struct Selecting : ::testing::Test {
  explicit Selecting(std::uint32_t sets_max = 2) : index(*stage.engine, kDisconnect, sets_max) {}
  void join(SubscriberId id, TagMask tags) {
    stage.join(id, {});
    index.subscribe(id, tags);
  }
  void append(Tag tag, std::string_view text) { index.append(stage.arena.make_shared(text), tag, stage.now); }

  Stage stage;
  SelectionIndex index;
};

TEST_F(Selecting, FiveThousandWithTheSameSetAreOneLog) {
  for (SubscriberId id = 0; id < 5000; ++id) join(id, mask_of(kNews) | mask_of(kSport));
  EXPECT_EQ(index.sets(), 1U);
  append(kNews, "news");
  append(kLast, "unreceived");
  append(kSport, "sport");
  EXPECT_EQ(stage.engine->counters().appends, 2U);
  stage.run();
  EXPECT_THAT(stage.received(4999), ElementsAre("news", "sport"));
  EXPECT_EQ(stage.host.at(4999).writes(), 1U);
}

TEST_F(Selecting, AnEmptySelectionReceivesNothing) {
  join(0, 0);
  append(kNews, "news");
  stage.run();
  EXPECT_THAT(stage.received(0), IsEmpty());
  EXPECT_EQ(index.sets(), 0U);
}

TEST_F(Selecting, SetsAtTheLimitAndBeyondItOnesThatShareAMixedLog) {
  join(0, mask_of(kNews));
  EXPECT_EQ(index.sets(), 1U);
  join(1, mask_of(kSport));
  EXPECT_EQ(index.sets(), 2U);
  join(2, mask_of(kNews) | mask_of(kLast));
  join(3, mask_of(kSport) | mask_of(kLast));
  join(4, mask_of(kSport));  // has its log already
  EXPECT_EQ(index.sets(), 2U);
  EXPECT_EQ(index.in_mixed(), 2U);
  append(kNews, "n");
  append(kSport, "s");
  append(kLast, "l");
  append(kNews, "n2");
  stage.run();
  EXPECT_THAT(stage.received(0), ElementsAre("n", "n2"));
  EXPECT_THAT(stage.received(1), ElementsAre("s"));
  EXPECT_THAT(stage.received(2), ElementsAre("n", "l", "n2"));
  EXPECT_THAT(stage.received(3), ElementsAre("s", "l"));
  EXPECT_EQ(stage.engine->counters().sent_in_total().deliveries, 2U + 1U + 3U + 2U + 1U);
  EXPECT_EQ(stage.engine->counters().retained_bytes, 0U) << "what one passes over is not kept for it";
}

TEST_F(Selecting, ASetEndsWithItsLastSubscriberAndMakesRoom) {
  join(0, mask_of(kNews));
  join(1, mask_of(kSport));
  join(2, mask_of(kLast));
  stage.engine->remove_subscriber(0);
  stage.engine->remove_subscriber(2);
  end_deserted(stage, index);
  EXPECT_EQ(index.sets(), 1U);
  EXPECT_EQ(index.in_mixed(), 0U);
  join(3, mask_of(kLast));
  EXPECT_EQ(index.sets(), 2U);
  append(kLast, "l");
  stage.run();
  EXPECT_THAT(stage.received(3), ElementsAre("l"));
}

TEST_F(Selecting, AShortWriteInTheMixedLogGoesOnWithWhatIsChosen) {
  join(0, mask_of(kNews));
  join(1, mask_of(kSport));
  for (std::size_t cut = 0; cut <= 3 * wire_size(4); ++cut) {
    Stage own;
    SelectionIndex mixed(*own.engine, kDisconnect, 0);
    own.join(0, {});
    mixed.subscribe(0, mask_of(kNews));
    own.host.at(0).capacity = cut;
    for (const Tag tag : {kSport, kNews, kSport, kNews, kSport, kNews}) {
      mixed.append(own.arena.make_shared(tag == kNews ? "news" : "sport"), tag, own.now);
    }
    own.run();
    own.let_through(0);
    own.run();
    EXPECT_THAT(own.received(0), ElementsAre("news", "news", "news")) << cut;
    EXPECT_EQ(own.engine->counters().sent_in_total().deliveries, 3U) << cut;
  }
}

// Random joins, leaves, stalls and events against what each should have received.
TEST_F(Selecting, RandomWalksMatchANaiveQueuePerClient) {
  std::mt19937_64 random(20261122);
  const auto below = [&random](std::uint64_t n) { return random() % n; };
  std::map<SubscriberId, TagMask> masks;
  std::map<SubscriberId, Payloads> expected;
  SubscriberId next = 0;
  for (int step = 0; step < 20000; ++step) {
    const std::uint64_t what = below(100);
    if (what < 10 && masks.size() < 40) {
      masks[next] = below(8);  // of three tags
      join(next, masks[next]);
      expected[next++] = {};
    } else if (what < 18 && !masks.empty()) {
      const auto gone = std::next(masks.begin(), static_cast<std::ptrdiff_t>(below(masks.size())));
      stage.engine->remove_subscriber(gone->first);
      expected.erase(gone->first);
      masks.erase(gone);
      end_deserted(stage, index);
    } else if (what < 60) {
      const auto tag = static_cast<Tag>(below(3));
      const std::string text = std::to_string(step);
      append(tag, text);
      for (const auto& [id, mask] : masks) {
        if (mask & mask_of(tag)) expected[id].push_back(text);
      }
    } else if (what < 75 && !masks.empty()) {
      const auto one = std::next(masks.begin(), static_cast<std::ptrdiff_t>(below(masks.size())));
      stage.let_through(one->first, below(2) ? kOpen : below(40));
    } else {
      stage.slice(below(10));
    }
  }
  for (const auto& [id, mask] : masks) stage.let_through(id);
  stage.run();
  for (const auto& [id, texts] : expected) EXPECT_EQ(stage.received(id), texts) << id;
  EXPECT_GT(index.in_mixed(), 0U) << "the walk has seen the mixed log";
}

}  // namespace
}  // namespace carillon::fanout::testing

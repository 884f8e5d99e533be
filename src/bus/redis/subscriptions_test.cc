#include "bus/redis/subscriptions.h"

#include <gtest/gtest.h>

#include "bus/testing/sessions.h"

namespace carillon::bus {
namespace {

using testing::patterns;
using Verdict = Subscriptions::Verdict;
using Texts = std::vector<std::string>;

Texts commands_of(const Subscriptions& list) {
  Texts texts;
  for (const auto& request : list.requests()) {
    const bool by_glob = request.command == Subscriptions::Command::psubscribe;
    texts.push_back((by_glob ? "PSUBSCRIBE " : "SUBSCRIBE ") + request.argument);
  }
  return texts;
}

TEST(Subscriptions, AStarGoesToPsubscribeTheRestToSubscribeInTheOrderOfTheList) {
  const Subscriptions list(patterns({"orion.*", "a.b", "*.z", "orion.*", "a.b"}), "n1");
  EXPECT_EQ(commands_of(list), (Texts{"PSUBSCRIBE orion.*", "SUBSCRIBE a.b", "PSUBSCRIBE *.z"}));
  EXPECT_EQ(list.probe_channel(), "carillon.probe.n1");
}

TEST(Subscriptions, WhatIsLiteralHereIsEscapedForRedis) {
  const Subscriptions list(patterns({"a?[b]\\*", "c?[d]\\"}), "n1");
  EXPECT_EQ(commands_of(list), (Texts{"PSUBSCRIBE a\\?\\[b\\]\\\\*", "SUBSCRIBE c?[d]\\"}));
  EXPECT_EQ(list.judge_by_glob("a\\?\\[b\\]\\\\*", "a?[b]\\x"), Verdict::deliver);
}

TEST(Subscriptions, OnlyTheDeliveryOfTheFirstMatchingPatternCounts) {
  const Subscriptions list(patterns({"a.*", "a.b", "*", "x.y"}), "n1");
  EXPECT_EQ(list.judge_by_glob("a.*", "a.b"), Verdict::deliver);
  EXPECT_EQ(list.judge_by_name("a.b"), Verdict::duplicate);
  EXPECT_EQ(list.judge_by_glob("*", "a.b"), Verdict::duplicate);
  EXPECT_EQ(list.judge_by_glob("*", "x.y"), Verdict::deliver);
  EXPECT_EQ(list.judge_by_name("x.y"), Verdict::duplicate);
  EXPECT_EQ(list.judge_by_glob("*", "q"), Verdict::deliver);
}

TEST(Subscriptions, WhatWasNotAskedForIsNotDelivered) {
  const Subscriptions list(patterns({"a.*"}), "n1");
  EXPECT_EQ(list.judge_by_glob("a*", "a.b"), Verdict::duplicate);
  EXPECT_EQ(list.judge_by_name("a.b"), Verdict::duplicate);
  EXPECT_EQ(list.judge_by_glob("a.*", "b.b"), Verdict::duplicate);
  EXPECT_EQ(list.judge_by_glob("", "a.b"), Verdict::duplicate);
}

TEST(Subscriptions, ProbesAreNeverEventsWhateverThePatterns) {
  const Subscriptions list(patterns({"*", "carillon.probe.n1", "carillon.probe.n2"}), "n1");
  EXPECT_EQ(commands_of(list), (Texts{"PSUBSCRIBE *"}));
  EXPECT_EQ(list.judge_by_glob("*", "carillon.probe.n1"), Verdict::reserved);
  EXPECT_EQ(list.judge_by_glob("*", "carillon.probe.n2"), Verdict::reserved);
  EXPECT_EQ(list.judge_by_name("carillon.probe.n1"), Verdict::reserved);
  EXPECT_EQ(list.judge_by_glob("*", "carillon.probed"), Verdict::deliver);
}

}  // namespace
}  // namespace carillon::bus

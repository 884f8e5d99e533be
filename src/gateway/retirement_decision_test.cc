#include "gateway/retirement_decision.h"

#include <gtest/gtest.h>

namespace carillon::gateway {
namespace {

using Extra = RetirementDecision::Extra;
using Verdict = RetirementDecision::Verdict;

constexpr MonoTime kStart{seconds(1000)};
constexpr auto kQuiet = RetirementDecision::kQuiet;

class RetirementDecisionTest : public ::testing::Test {
 protected:
  Verdict judge(std::vector<Extra> extra, MonoClock::duration after) {
    return decision.judge(extra, kStart + after);
  }
  RetirementDecision decision{kStart};
};

TEST_F(RetirementDecisionTest, ASocketThatHasAcceptedNothingForTheWholeTimeIsClosed) {
  EXPECT_EQ(judge({{7, false}}, seconds(0)), Verdict::wait);
  EXPECT_EQ(judge({{7, false}}, kQuiet - milliseconds(1)), Verdict::wait);
  EXPECT_EQ(judge({{7, false}}, kQuiet), Verdict::close_last);
}

TEST_F(RetirementDecisionTest, AnAcceptStartsTheTimeAnew) {
  EXPECT_EQ(judge({{7, false}}, seconds(0)), Verdict::wait);
  EXPECT_EQ(judge({{8, false}}, seconds(9)), Verdict::wait);
  EXPECT_EQ(judge({{8, false}}, seconds(10)), Verdict::wait);
  EXPECT_EQ(judge({{8, false}}, seconds(19)), Verdict::close_last);
}

TEST_F(RetirementDecisionTest, ASocketWithAConnectionInItsQueueIsNotClosed) {
  EXPECT_EQ(judge({{0, false}}, seconds(0)), Verdict::wait);
  EXPECT_EQ(judge({{0, true}}, kQuiet), Verdict::wait);
  EXPECT_EQ(judge({{0, false}}, kQuiet + seconds(9)), Verdict::wait);
  EXPECT_EQ(judge({{0, false}}, kQuiet + seconds(10)), Verdict::close_last);
}

TEST_F(RetirementDecisionTest, SocketsAreClosedFromTheLastOneBackwards) {
  EXPECT_EQ(judge({{0, false}, {0, false}}, seconds(0)), Verdict::wait);
  EXPECT_EQ(judge({{0, false}, {1, false}}, seconds(5)), Verdict::wait);
  EXPECT_EQ(judge({{0, false}, {1, false}}, kQuiet), Verdict::wait)
      << "the first one is quiet, the last is not";
  EXPECT_EQ(judge({{0, false}, {1, false}}, seconds(15)), Verdict::close_last);
  EXPECT_EQ(judge({{0, false}}, seconds(15)), Verdict::close_last);
  EXPECT_EQ(judge({}, seconds(15)), Verdict::wait);
}

TEST_F(RetirementDecisionTest, ASocketThatGoesOnAcceptingIsGivenUp) {
  std::uint64_t accepted = 0;
  for (seconds at{0}; at < RetirementDecision::kGiveUpAfter; at += seconds(1)) {
    ASSERT_EQ(judge({{++accepted, false}}, at), Verdict::wait) << at.count();
  }
  EXPECT_EQ(judge({{++accepted, false}}, RetirementDecision::kGiveUpAfter), Verdict::give_up);
}

TEST_F(RetirementDecisionTest, EachCloseGivesTheOthersTheirTimeAgain) {
  judge({{0, false}, {0, false}}, seconds(0));
  judge({{1, false}, {0, false}}, seconds(100));
  ASSERT_EQ(judge({{1, false}, {0, false}}, seconds(100)), Verdict::close_last);
  ASSERT_EQ(judge({{1, false}}, seconds(101)), Verdict::wait);
  EXPECT_EQ(judge({{2, false}}, seconds(101) + RetirementDecision::kGiveUpAfter - seconds(1)), Verdict::wait);
  EXPECT_EQ(judge({{3, false}}, seconds(101) + RetirementDecision::kGiveUpAfter), Verdict::give_up);
}

}  // namespace
}  // namespace carillon::gateway

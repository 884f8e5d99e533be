// The subscriptions of a shard that wait for the history, at their limits.
#include "gateway/resumes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/router.h"

namespace carillon::gateway {
namespace {

using ::testing::IsEmpty;

// Keeps what it is asked, or has no time for it.
class FakeService final : public ResumeService {
 public:
  std::uint64_t epoch() const override { return 7; }
  bool ask(std::vector<ResumeRequest> requests, BatchTaker&) override {
    if (!has_time) return false;
    asked.insert(asked.end(), requests.begin(), requests.end());
    return true;
  }

  bool has_time = true;
  std::vector<ResumeRequest> asked;
};

class NoTaker final : public BatchTaker {
 public:
  void take_batch(SharedBatch) override {}
  void take_answers(std::vector<ResumeAnswer>) override {}
};

class WaitingSubscriptions : public ::testing::Test {
 protected:
  void begin(std::uint32_t client, std::size_t request_bytes = 0) {
    resumes.begin({{client, 1}, 0, "a", std::string(request_bytes, 'x'), {}}, {});
  }
  // Those that are answered without the history.
  std::vector<ResumeOutcome> answered() {
    std::vector<ResumeAnswer> answers;
    resumes.send_requests(answers);
    std::vector<ResumeOutcome> outcomes;
    for (const ResumeAnswer& each : answers) {
      outcomes.push_back(each.outcome);
      EXPECT_TRUE(resumes.take(each).has_value()) << "each is answered once";
    }
    return outcomes;
  }
  static std::size_t memory_without_request() { return WaitingSubscription{{0, 1}, 0, "a", {}, {}}.memory(); }

  FakeService service;
  NoTaker taker;
  Resumes resumes{&service, &taker};
};

TEST_F(WaitingSubscriptions, AreLimitedInNumber) {
  for (std::size_t i = 0; i + 1 < Resumes::kWaitingMax; ++i) begin(static_cast<std::uint32_t>(i % 1000));
  EXPECT_THAT(answered(), IsEmpty());
  begin(5000);
  EXPECT_THAT(answered(), IsEmpty());
  begin(5001);
  EXPECT_EQ(answered(), std::vector{ResumeOutcome::overloaded});
  resumes.forget(5000);
  begin(5002);
  EXPECT_THAT(answered(), IsEmpty()) << "one has left";
}

TEST_F(WaitingSubscriptions, AreLimitedInBytes) {
  const std::size_t most = Resumes::kBytesMax - memory_without_request();
  for (const std::size_t bytes : {most - 1, most}) {
    begin(1, bytes);
    EXPECT_THAT(answered(), IsEmpty()) << bytes;
    resumes.cancel(1, "a");
  }
  begin(1, most + 1);
  EXPECT_EQ(answered(), std::vector{ResumeOutcome::overloaded});
}

TEST_F(WaitingSubscriptions, AreAnsweredAsOverloadedWhenTheHistoryHasNoTime) {
  service.has_time = false;
  begin(1);
  begin(2);
  EXPECT_EQ(answered(), (std::vector{ResumeOutcome::overloaded, ResumeOutcome::overloaded}));
  EXPECT_FALSE(resumes.is_waiting(1));
}

TEST_F(WaitingSubscriptions, AnAnswerForOneThatHasEndedIsIgnored) {
  begin(1);
  EXPECT_THAT(answered(), IsEmpty());
  ASSERT_EQ(service.asked.size(), 1U);
  resumes.cancel(1, "a");
  EXPECT_FALSE(resumes.take({1, service.asked[0].ticket, ResumeOutcome::recovered, 0, {}}).has_value());
}

}  // namespace
}  // namespace carillon::gateway

#include "reactor/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <unordered_map>

namespace carillon::reactor {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr MonoTime kStart{seconds(1000)};

std::vector<std::uint32_t> fired_at(TimerWheel& wheel, MonoTime now) {
  std::vector<std::uint32_t> fired;
  wheel.advance(now, [&](std::uint32_t owner) { fired.push_back(owner); });
  return fired;
}
using Owners = std::vector<std::uint32_t>;

TEST(TimerWheel, FiresAtTheDeadline_NeverBefore) {
  TimerWheel wheel(kStart);
  wheel.set(7, kStart + milliseconds(16));
  EXPECT_EQ(1u, wheel.size());
  EXPECT_EQ(Owners{}, fired_at(wheel, kStart + milliseconds(16) - nanoseconds(1)));
  EXPECT_EQ(Owners{7}, fired_at(wheel, kStart + milliseconds(16)));
  EXPECT_EQ(0u, wheel.size());
  EXPECT_EQ(Owners{}, fired_at(wheel, kStart + hours(1)));
}

TEST(TimerWheel, ADeadlineBetweenTicksFiresAtMostOneTickLate) {
  TimerWheel wheel(kStart);
  wheel.set(7, kStart + milliseconds(16) + nanoseconds(1));
  EXPECT_EQ(Owners{}, fired_at(wheel, kStart + milliseconds(24) - nanoseconds(1)));
  EXPECT_EQ(Owners{7}, fired_at(wheel, kStart + milliseconds(24)));
}

TEST(TimerWheel, ADeadlineThatHasPassedFiresInTheNextAdvance_EvenOfTheSameTime) {
  TimerWheel wheel(kStart);
  fired_at(wheel, kStart + seconds(5));
  wheel.set(1, kStart);
  wheel.set(2, kStart + seconds(5));
  wheel.set(3, kStart - hours(1));
  EXPECT_LE(wheel.next_deadline(), kStart + seconds(5));
  EXPECT_EQ((Owners{1, 2, 3}), fired_at(wheel, kStart + seconds(5)));
}

TEST(TimerWheel, FiresInTheOrderOfDeadlines_AcrossLevels) {
  TimerWheel wheel(kStart);
  wheel.set(6, kStart + hours(40));
  wheel.set(5, kStart + hours(1));
  wheel.set(4, kStart + seconds(60));
  wheel.set(3, kStart + seconds(1));
  wheel.set(2, kStart + milliseconds(100));
  wheel.set(1, kStart + milliseconds(8));
  EXPECT_EQ((Owners{1, 2, 3, 4, 5, 6}), fired_at(wheel, kStart + hours(100)));
}

TEST(TimerWheel, MovesAndCancels) {
  TimerWheel wheel(kStart);
  wheel.set(1, kStart + seconds(1));
  wheel.set(2, kStart + seconds(60));
  wheel.set(3, kStart + seconds(1));
  wheel.set(1, kStart + seconds(90));
  wheel.set(2, kStart + seconds(2));
  wheel.cancel(3);
  EXPECT_EQ(2u, wheel.size());
  EXPECT_EQ(Owners{2}, fired_at(wheel, kStart + seconds(80)));
  EXPECT_EQ(Owners{1}, fired_at(wheel, kStart + seconds(90)));
}

TEST(TimerWheel, HoldsMoreTimersThanAChunk) {
  TimerWheel wheel(kStart);
  constexpr std::uint32_t kMany = 100'000;
  for (std::uint32_t i = 0; i < kMany; ++i) wheel.set(i, kStart + milliseconds(i));
  EXPECT_EQ(kMany, wheel.size());
  EXPECT_EQ(kMany, fired_at(wheel, kStart + seconds(200)).size());
  EXPECT_EQ(MonoTime::max(), wheel.next_deadline());
}

TEST(TimerWheel, ADeadlineOfForeverNeverFires) {
  TimerWheel wheel(kStart);
  wheel.set(1, MonoTime::max());
  EXPECT_EQ(Owners{}, fired_at(wheel, kStart + hours(24 * 396)));
  EXPECT_EQ(1u, wheel.size());
  EXPECT_EQ(Owners{1}, fired_at(wheel, kStart + hours(24 * 398))) << "the limit of 32 bits, as documented";
}

// 2^32 ticks are 397.7 days: deadlines on both sides of that, set shortly before.
TEST(TimerWheel, TicksMayWrapAround32Bits) {
  TimerWheel wheel(kStart);
  const MonoTime wrap = kStart + TimerWheel::kTick * (std::int64_t{1} << 32);
  fired_at(wheel, wrap - seconds(10));
  wheel.set(1, wrap - seconds(1));
  wheel.set(2, wrap);
  wheel.set(3, wrap + seconds(1));
  wheel.set(4, wrap + hours(60));
  EXPECT_EQ(Owners{}, fired_at(wheel, wrap - seconds(2)));
  EXPECT_EQ(Owners{1}, fired_at(wheel, wrap - milliseconds(8)));
  EXPECT_EQ(Owners{2}, fired_at(wheel, wrap));
  EXPECT_EQ(Owners{3}, fired_at(wheel, wrap + hours(59)));
  EXPECT_EQ(Owners{4}, fired_at(wheel, wrap + hours(60)));
}

TEST(TimerWheel, TimeThatGoesBackIsIgnored) {
  TimerWheel wheel(kStart);
  wheel.set(1, kStart + seconds(10));
  fired_at(wheel, kStart + seconds(5));
  EXPECT_EQ(Owners{}, fired_at(wheel, kStart - hours(1)));
  EXPECT_EQ(Owners{}, fired_at(wheel, kStart + seconds(9)));
  EXPECT_EQ(Owners{1}, fired_at(wheel, kStart + seconds(10)));
}

TEST(TimerWheel, ACallbackMayCancelOrMoveATimerThatIsDueInTheSameCall) {
  TimerWheel wheel(kStart);
  wheel.set(1, kStart + seconds(1));
  wheel.set(2, kStart + seconds(1));
  wheel.set(3, kStart + seconds(2));
  wheel.set(4, kStart + seconds(3));
  Owners fired;
  wheel.advance(kStart + seconds(10), [&](std::uint32_t owner) {
    fired.push_back(owner);
    if (owner == 1) {
      wheel.cancel(2);
      wheel.set(3, kStart + seconds(20));
    }
  });
  EXPECT_EQ((Owners{1, 4}), fired);
  EXPECT_EQ(Owners{3}, fired_at(wheel, kStart + seconds(20)));
}

TEST(TimerWheel, ATimerOfNoDelayThatRenewsItselfFiresOnceACall) {
  TimerWheel wheel(kStart);
  wheel.set(1, kStart);
  for (int call = 0; call < 3; ++call) {
    int fired = 0;
    wheel.advance(kStart + seconds(call), [&](std::uint32_t owner) {
      ++fired;
      wheel.set(owner, kStart);
    });
    EXPECT_EQ(1, fired);
  }
}

TEST(TimerWheel, KnowsWhoseTimerIsSet) {
  TimerWheel wheel(kStart);
  EXPECT_FALSE(wheel.is_set(0));
  EXPECT_FALSE(wheel.is_set(1'000'000)) << "beyond all that were ever set";
  wheel.cancel(1'000'000);
  wheel.set(0, kStart + seconds(1));
  EXPECT_TRUE(wheel.is_set(0));
  EXPECT_FALSE(wheel.is_set(1));
  wheel.cancel(0);
  wheel.cancel(0);
  EXPECT_FALSE(wheel.is_set(0));
  wheel.set(0, kStart + seconds(1));
  wheel.advance(kStart + seconds(2), [&](std::uint32_t owner) { EXPECT_FALSE(wheel.is_set(owner)); });
  EXPECT_EQ(0u, wheel.size());
  EXPECT_DEATH(wheel.set(TimerWheel::kOwnersMax, kStart), "kOwnersMax");
}

// The wheel against a table that is searched in full.
class WheelModel {
 public:
  explicit WheelModel(std::uint32_t seed) : random_(seed), wheel_(kStart) {}

  // Adds, moves, removes; any of it also from within advance().
  void act() {
    switch (pick(0, 9)) {
      case 0:
      case 1:
        if (!timers_.empty()) return remove_one();
        [[fallthrough]];
      case 2:
      case 3:
      case 4:
        if (!timers_.empty()) return move_one();
        [[fallthrough]];
      default:
        add_one();
    }
  }

  void advance(MonoClock::duration by) {
    check_next_deadline();
    now_ += by;
    ++call_;
    MonoTime last_tick = MonoTime::min();
    wheel_.advance(now_, [&](std::uint32_t owner) {
      const auto found = timers_.find(owner);
      ASSERT_NE(found, timers_.end()) << "fired twice, or after its removal";
      ASSERT_LE(found->second.deadline, now_) << "early";
      ASSERT_LT(found->second.set_in_call, call_) << "set in this very call";
      const MonoTime tick = std::max(rounded_up(found->second.deadline), found->second.set_at);
      ASSERT_GE(tick, last_tick) << "out of order";
      last_tick = tick;
      timers_.erase(found);
      if (pick(0, 3) == 0) act();
      if (pick(0, 7) == 0) act();
    });
    for (const auto& [owner, timer] : timers_) {
      if (timer.set_in_call == call_) continue;
      ASSERT_GT(rounded_up(timer.deadline), now_) << "overlooked: " << owner;
    }
    ASSERT_EQ(timers_.size(), wheel_.size());
  }

  void check_next_deadline() {
    MonoTime earliest = MonoTime::max();
    for (const auto& [owner, timer] : timers_) earliest = std::min(earliest, rounded_up(timer.deadline));
    ASSERT_LE(wheel_.next_deadline(), std::max(earliest, now_)) << "late";
    if (timers_.empty()) {
      ASSERT_EQ(MonoTime::max(), wheel_.next_deadline());
    }
  }
  // Advances just as a loop does that trusts next_deadline(): few steps must do.
  void drain() {
    int steps = 0;
    while (wheel_.size() > 0) {
      ASSERT_LT(++steps, 200'000);
      now_ = std::max(wheel_.next_deadline(), now_);
      wheel_.advance(now_, [&](std::uint32_t owner) { timers_.erase(owner); });
    }
    ASSERT_TRUE(timers_.empty());
  }
  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  MonoClock::duration some_time() {
    switch (pick(0, 6)) {
      case 0:
        return nanoseconds(pick(0, 20'000'000));
      case 1:
        return milliseconds(pick(0, 1000));
      case 2:
        return seconds(1);
      case 3:
        return seconds(pick(0, 100));
      case 4:
        return hours(pick(0, 5));
      case 5:
        return TimerWheel::kTick * (std::int64_t{1} << pick(0, 25)) + nanoseconds(pick(-1, 1));
      default:
        return hours(pick(0, 200));
    }
  }

 private:
  struct Timer {
    MonoTime deadline;
    MonoTime set_at;
    std::uint64_t set_in_call;
  };
  static MonoTime rounded_up(MonoTime time) {
    if (time <= kStart) return kStart;
    return kStart +
           (time - kStart + TimerWheel::kTick - nanoseconds(1)) / TimerWheel::kTick * TimerWheel::kTick;
  }
  MonoTime some_deadline() { return pick(0, 9) == 0 ? now_ - some_time() : now_ + some_time(); }
  void add_one() {
    const MonoTime deadline = some_deadline();
    const std::uint32_t owner = next_owner_++;
    wheel_.set(owner, deadline);
    timers_[owner] = {deadline, wheel_time(), call_};
  }
  std::map<std::uint32_t, Timer>::iterator any() {
    auto found = timers_.lower_bound(static_cast<std::uint32_t>(pick(0, next_owner_)));
    return found != timers_.end() ? found : timers_.begin();
  }
  void move_one() {
    auto& [owner, timer] = *any();
    timer.deadline = some_deadline();
    timer.set_at = wheel_time();
    timer.set_in_call = call_;
    wheel_.set(owner, timer.deadline);
  }
  void remove_one() {
    const auto found = any();
    wheel_.cancel(found->first);
    timers_.erase(found);
  }
  // What was due already when it was set counts as due then.
  MonoTime wheel_time() const { return kStart + (now_ - kStart) / TimerWheel::kTick * TimerWheel::kTick; }

  std::mt19937 random_;
  TimerWheel wheel_;
  MonoTime now_ = kStart;
  std::uint64_t call_ = 1;
  std::uint32_t next_owner_ = 1;
  std::map<std::uint32_t, Timer> timers_;
};

class TimerWheelModel : public ::testing::TestWithParam<std::uint32_t> {};

TEST_P(TimerWheelModel, AgreesWithATableUnderRandomOperationsAndJumps) {
  WheelModel model(GetParam());
  for (int round = 0; round < 3000 && !HasFatalFailure(); ++round) {
    for (auto actions = model.pick(0, 8); actions > 0; --actions) model.act();
    model.advance(model.some_time());
  }
  model.drain();
}

TEST_P(TimerWheelModel, AgreesWithATableInShortSteps) {
  WheelModel model(GetParam() + 100);
  for (int round = 0; round < 10'000 && !HasFatalFailure(); ++round) {
    if (model.pick(0, 3) == 0) model.act();
    model.advance(model.pick(0, 1) == 0 ? MonoClock::duration(milliseconds(model.pick(0, 10)))
                                        : MonoClock::duration(seconds(1)));
  }
  model.drain();
}
INSTANTIATE_TEST_SUITE_P(Seeds, TimerWheelModel, ::testing::Range(1u, 9u));

}  // namespace
}  // namespace carillon::reactor

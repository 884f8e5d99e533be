// The fake loop keeps the promises of the real one that tests lean on.
#include "reactor/testing/fake_loop.h"

#include <gtest/gtest.h>

#include <thread>

namespace carillon::reactor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Recorder final : public IoHandler {
 public:
  void on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) override {
    seen.push_back({events, index, generation});
  }
  std::vector<std::array<std::uint32_t, 3>> seen;
};

TEST(FakeLoop, TimersFireAtTheirOwnMoments_InOrder) {
  FakeLoop loop;
  const MonoTime start = loop.now();
  const WallTime wall_start = loop.wall_now();
  std::vector<std::pair<int, MonoClock::duration>> fired;
  loop.call_after(seconds(2), [&] { fired.emplace_back(2, loop.now() - start); });
  loop.call_after(seconds(1), [&] {
    fired.emplace_back(1, loop.now() - start);
    loop.call_after(milliseconds(500), [&] { fired.emplace_back(3, loop.now() - start); });
  });
  const auto cancelled = loop.call_after(seconds(1), [&] { fired.emplace_back(99, loop.now() - start); });
  loop.cancel(cancelled);
  loop.advance(seconds(10));
  EXPECT_EQ((std::vector<std::pair<int, MonoClock::duration>>{
                {1, seconds(1)}, {3, milliseconds(1500)}, {2, seconds(2)}}),
            fired);
  EXPECT_EQ(start + seconds(10), loop.now());
  EXPECT_EQ(wall_start + seconds(10), loop.wall_now());
  EXPECT_EQ(0u, loop.timer_count());
}

TEST(FakeLoop, TheWallClockLosesNothingToRounding) {
  FakeLoop loop;
  const WallTime wall_start = loop.wall_now();
  for (int i = 0; i < 1000; ++i) loop.advance(std::chrono::microseconds(1500));
  EXPECT_EQ(wall_start + milliseconds(1500), loop.wall_now());
}

TEST(FakeLoop, PlaysEventsToTheirWatcher) {
  FakeLoop loop;
  Recorder recorder;
  const auto id = loop.add_handler(recorder);
  EXPECT_TRUE(loop.watch(42, EPOLLIN, id, 7, 0x1000009));
  EXPECT_TRUE(loop.fire(42, EPOLLIN));
  EXPECT_EQ((std::vector<std::array<std::uint32_t, 3>>{{EPOLLIN, 7, 9}}), recorder.seen);
  loop.unwatch(42);
  EXPECT_FALSE(loop.fire(42, EPOLLIN));
  loop.watch(43, EPOLLIN, id, 1, 1);
  loop.remove_handler(id);
  EXPECT_FALSE(loop.fire(43, EPOLLIN)) << "the handler is gone";
  loop.refuse_watches_of(1);
  EXPECT_FALSE(loop.watch(44, EPOLLIN, id, 1, 1));
  EXPECT_TRUE(loop.watch(44, EPOLLIN, id, 1, 1));
}

TEST(FakeLoop, RunsPostsInTheNextTurn_AndRefusesBeyondTheLimit) {
  FakeLoop loop;
  std::size_t ran = 0;
  std::thread other([&] {
    for (std::size_t i = 0; i < Loop::kPostsMax; ++i) EXPECT_TRUE(loop.post([&] { ++ran; }));
    EXPECT_FALSE(loop.post([] {}));
  });
  other.join();
  EXPECT_EQ(0u, ran);
  loop.turn();
  EXPECT_EQ(Loop::kPostsMax, ran);
  EXPECT_EQ(1u, loop.counters().posts_refused.load());
}

TEST(FakeLoop, CallsTheTurnTask_AndSettlesWhenItHasNoMoreToDo) {
  struct Task final : TurnTask {
    MonoTime on_turn(MonoTime now) override { return ++turns < 5 ? now : MonoTime::max(); }
    int turns = 0;
  } task;
  FakeLoop loop;
  loop.set_turn_task(&task);
  EXPECT_TRUE(loop.has_work());
  loop.settle();
  EXPECT_EQ(5, task.turns);
  EXPECT_FALSE(loop.has_work());
}

}  // namespace
}  // namespace carillon::reactor

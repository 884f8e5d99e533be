#include "reactor/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <set>
#include <thread>
#include <vector>

#include "reactor/listener.h"
#include "reactor/testing/run_until.h"

namespace carillon::reactor {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<Loop> new_loop() {
  auto loop = Loop::create();
  if (!loop) throw std::runtime_error(loop.error().message);
  return std::move(*loop);
}

// A handler that records its calls and then calls the test's function.
class Recorder final : public IoHandler {
 public:
  struct Seen {
    std::uint32_t events, index, generation;
  };
  void on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) override {
    seen.push_back({events, index, generation});
    if (then) then();
  }
  std::vector<Seen> seen;
  std::function<void()> then;
};

struct Pipe {
  Pipe() {
    int fds[2];
    if (::pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    read_end = FileDescriptor(fds[0]);
    write_end = FileDescriptor(fds[1]);
  }
  void put() const { EXPECT_EQ(1, ::write(write_end.get(), "x", 1)); }
  FileDescriptor read_end, write_end;
};

TEST(Loop, PassesTheWatchedValuesToTheHandler) {
  const auto loop = new_loop();
  Recorder recorder;
  const auto id = loop->add_handler(recorder);
  const Pipe pipe;
  ASSERT_TRUE(loop->watch(pipe.read_end.get(), EPOLLIN, id, 0xfedcba98, 0x12abcdef));
  pipe.put();
  ASSERT_TRUE(run_until(*loop, [&] { return !recorder.seen.empty(); }));
  ASSERT_EQ(1u, recorder.seen.size());
  EXPECT_EQ(static_cast<std::uint32_t>(EPOLLIN), recorder.seen[0].events);
  EXPECT_EQ(0xfedcba98u, recorder.seen[0].index);
  EXPECT_EQ(0xabcdefu, recorder.seen[0].generation) << "the low 24 bits";
}

TEST(Loop, IsEdgeTriggered_AnUnreadByteIsReportedOnce) {
  const auto loop = new_loop();
  Recorder recorder;
  const auto id = loop->add_handler(recorder);
  const Pipe pipe;
  ASSERT_TRUE(loop->watch(pipe.read_end.get(), EPOLLIN, id, 1, 1));
  pipe.put();
  ASSERT_TRUE(run_until(*loop, [&] { return !recorder.seen.empty(); }));
  const auto turns = loop->counters().turns.load();
  ASSERT_TRUE(run_until(*loop, [&] { return loop->counters().turns.load() > turns + 20; }));
  EXPECT_EQ(1u, recorder.seen.size());
  pipe.put();
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.seen.size() == 2; }));
}

TEST(Loop, AnUnwatchedDescriptorHasNoMoreEvents) {
  const auto loop = new_loop();
  Recorder recorder;
  const auto id = loop->add_handler(recorder);
  const Pipe pipe;
  ASSERT_TRUE(loop->watch(pipe.read_end.get(), EPOLLIN, id, 2, 3));
  pipe.put();
  ASSERT_TRUE(run_until(*loop, [&] { return !recorder.seen.empty(); }));
  EXPECT_EQ(2u, recorder.seen[0].index);
  EXPECT_EQ(3u, recorder.seen[0].generation);
  loop->unwatch(pipe.read_end.get());
  pipe.put();
  const auto turns = loop->counters().turns.load();
  ASSERT_TRUE(run_until(*loop, [&] { return loop->counters().turns.load() > turns + 20; }));
  EXPECT_EQ(1u, recorder.seen.size());
}

TEST(Loop, WatchFailsWhenTheKernelRefuses) {
  const auto loop = new_loop();
  Recorder recorder;
  const auto id = loop->add_handler(recorder);
  EXPECT_FALSE(loop->watch(-1, EPOLLIN, id, 0, 0));
}

// Both descriptors are readable in the same batch; whichever handler is called first removes the other.
TEST(Loop, ARemovedHandlerIsNotCalled_NotEvenInTheSameBatch_NorIsItsSlotReusedInIt) {
  const auto loop = new_loop();
  Recorder first, second, newcomer;
  const auto first_id = loop->add_handler(first);
  const auto second_id = loop->add_handler(second);
  Loop::HandlerId newcomer_id = 0;
  const auto replace = [&](Loop::HandlerId victim) {
    loop->remove_handler(victim);
    newcomer_id = loop->add_handler(newcomer);
    EXPECT_NE(victim, newcomer_id);
  };
  first.then = [&] { replace(second_id); };
  second.then = [&] { replace(first_id); };
  const Pipe one, two;
  ASSERT_TRUE(loop->watch(one.read_end.get(), EPOLLIN, first_id, 1, 1));
  ASSERT_TRUE(loop->watch(two.read_end.get(), EPOLLIN, second_id, 2, 1));
  one.put();
  two.put();
  ASSERT_TRUE(run_until(*loop, [&] { return first.seen.size() + second.seen.size() > 0; }));
  const auto turns = loop->counters().turns.load();
  ASSERT_TRUE(run_until(*loop, [&] { return loop->counters().turns.load() > turns + 5; }));
  EXPECT_EQ(1u, first.seen.size() + second.seen.size());
  EXPECT_TRUE(newcomer.seen.empty());
  Recorder later;
  const auto freed = first.seen.empty() ? first_id : second_id;
  EXPECT_EQ(freed, loop->add_handler(later)) << "in a later turn the slot is free";
}

TEST(Loop, TakesHandlersUpTo255) {
  const auto loop = new_loop();
  Recorder recorder;
  std::set<Loop::HandlerId> ids;
  for (int i = 0; i < 255; ++i) ids.insert(loop->add_handler(recorder));
  EXPECT_EQ(255u, ids.size());
  EXPECT_EQ(0u, ids.count(0)) << "0 is the loop's own";
  loop->remove_handler(77);
  EXPECT_EQ(77, loop->add_handler(recorder));
  EXPECT_DEATH(loop->add_handler(recorder), "255|256");
}

TEST(Loop, TimersFireInOrderOfTheirDeadlines_NeverEarly) {
  const auto loop = new_loop();
  std::vector<int> fired;
  const MonoTime start = mono_now();
  MonoTime last{};
  loop->call_after(milliseconds(6), [&] {
    fired.push_back(3);
    last = mono_now();
  });
  loop->call_after(milliseconds(3), [&] { fired.push_back(2); });
  loop->call_after(milliseconds(0), [&] { fired.push_back(1); });
  const auto cancelled = loop->call_after(milliseconds(4), [&] { fired.push_back(99); });
  loop->cancel(cancelled);
  loop->cancel(0);
  ASSERT_TRUE(run_until(*loop, [&] { return fired.size() == 3; }));
  EXPECT_EQ((std::vector<int>{1, 2, 3}), fired);
  EXPECT_GE(last - start, milliseconds(6));
  loop->cancel(cancelled);
}

TEST(Loop, ATimerMayCancelOneThatIsDueWithIt) {
  const auto loop = new_loop();
  Loop::TimerId second = 0;
  int fired = 0;
  loop->call_after(milliseconds(0), [&] { loop->cancel(second); });
  second = loop->call_after(milliseconds(0), [&] { ++fired; });
  bool done = false;
  loop->call_after(milliseconds(1), [&] { done = true; });
  ASSERT_TRUE(run_until(*loop, [&] { return done; }));
  EXPECT_EQ(0, fired);
}

TEST(Loop, ATimerOfNoDelayThatRenewsItselfDoesNotStarveIo) {
  const auto loop = new_loop();
  Recorder recorder;
  const auto id = loop->add_handler(recorder);
  const Pipe pipe;
  ASSERT_TRUE(loop->watch(pipe.read_end.get(), EPOLLIN, id, 1, 1));
  pipe.put();
  std::function<void()> again = [&] { loop->call_after(milliseconds(0), again); };
  again();
  EXPECT_TRUE(run_until(*loop, [&] { return !recorder.seen.empty(); }));
}

TEST(Loop, ATimerOfForeverNeverFires) {
  const auto loop = new_loop();
  int fired = 0;
  loop->call_after(MonoClock::duration::max(), [&] { ++fired; });
  const auto turns = loop->counters().turns.load();
  ASSERT_TRUE(run_until(*loop, [&] { return loop->counters().turns.load() > turns + 3; }));
  EXPECT_EQ(0, fired);
}

class CountingTask final : public TurnTask {
 public:
  MonoTime on_turn(MonoTime now) override {
    ++turns;
    return answer(now);
  }
  int turns = 0;
  std::function<MonoTime(MonoTime)> answer;
};

TEST(Loop, ATurnTaskThatWantsToRunAtOnceIsCalledTurnAfterTurn_WithoutIo) {
  const auto loop = new_loop();
  CountingTask task;
  task.answer = [&](MonoTime now) {
    if (task.turns == 1000) loop->stop();
    return now;
  };
  loop->set_turn_task(&task);
  loop->call_after(milliseconds(0), [] {});
  loop->run();
  EXPECT_EQ(1000, task.turns);
}

// Through the publish API an event waited for two write slices before it went out.
TEST(Loop, WhatATurnTaskPostsWhileItReadsRunsBeforeItsTurn) {
  class Reader final : public TurnTask {
   public:
    explicit Reader(Loop& loop) : loop_(loop) {}
    void read_input(MonoTime) override {
      if (std::exchange(has_read, true)) return;
      order = "read";
      EXPECT_TRUE(loop_.post([this] {
        order += " post";
        loop_.call_after(milliseconds(0), [this] { order += " timer"; });
      }));
    }
    MonoTime on_turn(MonoTime) override {
      order += " turn";
      loop_.stop();
      return MonoTime::max();
    }
    bool has_read = false;
    std::string order;

   private:
    Loop& loop_;
  };
  const auto loop = new_loop();
  Reader reader(*loop);
  loop->set_turn_task(&reader);
  loop->call_after(milliseconds(0), [] {});
  loop->run();
  EXPECT_EQ(reader.order, "read post timer turn");
}

TEST(Loop, ATurnTasksDeadlineWakesTheLoop) {
  const auto loop = new_loop();
  CountingTask task;
  MonoTime wanted{}, woken{};
  task.answer = [&](MonoTime now) {
    if (task.turns == 1) return wanted = now + milliseconds(5);
    woken = now;
    if (now >= wanted) loop->stop();
    return wanted;
  };
  loop->set_turn_task(&task);
  loop->call_after(milliseconds(0), [] {});
  loop->run();
  EXPECT_GE(woken, wanted);
}

TEST(Loop, ATurnTaskThatWantsNothingIsCalledOnlyWithIo) {
  const auto loop = new_loop();
  CountingTask task;
  task.answer = [](MonoTime) { return MonoTime::max(); };
  loop->set_turn_task(&task);
  loop->call_after(milliseconds(20), [&] { loop->stop(); });
  loop->run();
  EXPECT_LE(task.turns, 3);
}

TEST(Loop, TheTimeStandsStillWithinATurn) {
  const auto loop = new_loop();
  bool same = false;
  loop->call_after(milliseconds(0), [&] {
    const MonoTime before = loop->now();
    const MonoTime until = mono_now() + milliseconds(2);
    while (mono_now() < until) {
    }
    same = before == loop->now();
    loop->stop();
  });
  loop->run();
  EXPECT_TRUE(same);
  EXPECT_GE(loop->now(), MonoTime(milliseconds(1)));
}

TEST(Loop, RecordsTheLongestTurn) {
  const auto loop = new_loop();
  loop->call_after(milliseconds(0), [] {
    const MonoTime until = mono_now() + milliseconds(5);
    while (mono_now() < until) {
    }
  });
  bool done = false;
  loop->call_after(milliseconds(6), [&] { done = true; });
  ASSERT_TRUE(run_until(*loop, [&] { return done; }));
  EXPECT_GE(loop->counters().lag_ns_max.exchange(0), 5'000'000u);
}

TEST(Loop, RunsWhatFourThreadsPost_EachThreadsInOrder) {
  const auto loop = new_loop();
  constexpr int kEach = 5000;
  std::array<int, 4> next{};
  int out_of_order = 0;
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < next.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto item = [&, t, i] {
          if (next[t]++ != i) ++out_of_order;
        };
        while (!loop->post(item)) std::this_thread::yield();
      }
    });
  }
  EXPECT_TRUE(run_until(*loop, [&] { return next == std::array<int, 4>{kEach, kEach, kEach, kEach}; }));
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(0, out_of_order);
}

TEST(Loop, RefusesPostsBeyondTheLimit_AndCountsThem) {
  const auto loop = new_loop();
  std::size_t ran = 0;
  for (std::size_t i = 0; i < Loop::kPostsMax - 1; ++i) ASSERT_TRUE(loop->post([&] { ++ran; }));
  EXPECT_TRUE(loop->post([&] { ++ran; })) << "at the limit";
  EXPECT_FALSE(loop->post([&] { ++ran; })) << "over it";
  EXPECT_EQ(1u, loop->counters().posts_refused.load());
  ASSERT_TRUE(run_until(*loop, [&] { return ran == Loop::kPostsMax; }));
  EXPECT_TRUE(loop->post([] {}));
}

TEST(Loop, APostFromWithinAPostRunsInALaterTurn) {
  const auto loop = new_loop();
  std::uint64_t outer_turn = 0, inner_turn = 0;
  loop->post([&] {
    outer_turn = loop->counters().turns.load();
    loop->post([&] { inner_turn = loop->counters().turns.load(); });
  });
  ASSERT_TRUE(run_until(*loop, [&] { return inner_turn != 0; }));
  EXPECT_GT(inner_turn, outer_turn);
}

TEST(Loop, StopBeforeRunMakesRunReturn_AndTheNextRunRuns) {
  const auto loop = new_loop();
  loop->stop();
  loop->run();
  bool ran = false;
  loop->post([&] { ran = true; });
  EXPECT_TRUE(run_until(*loop, [&] { return ran; }));
}

TEST(Loop, StopFromAnotherThreadWakesASleepingLoop) {
  const auto loop = new_loop();
  std::thread stopper;
  loop->post([&] { stopper = std::thread([&] { loop->stop(); }); });
  loop->run();
  stopper.join();
}

// The functions that never ran may own things that still use the loop.
TEST(Loop, PendingFunctionsAreDestroyedBeforeTheLoop) {
  struct CancelsATimer {
    CancelsATimer(Loop* owner, Loop::TimerId id) : loop(owner), timer(id) {}
    ~CancelsATimer() { loop->cancel(timer); }
    Loop* loop;
    Loop::TimerId timer;
  };
  auto loop = new_loop();
  const auto timer = loop->call_after(std::chrono::hours(1), [] {});
  auto owned = std::make_shared<CancelsATimer>(loop.get(), timer);
  loop->call_after(std::chrono::hours(1), [owned] {});
  loop->post([owned] {});
  std::weak_ptr<CancelsATimer> watcher = owned;
  owned.reset();
  loop.reset();
  EXPECT_TRUE(watcher.expired());
}

}  // namespace
}  // namespace carillon::reactor

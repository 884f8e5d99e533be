// What a timer costs when there are as many as connections: add, move (each pong does one), expire.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "reactor/timer_wheel.h"

namespace carillon::reactor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonoTime kStart{seconds(1000)};

void add_and_remove(benchmark::State& state) {
  const auto many = static_cast<std::uint32_t>(state.range(0));
  TimerWheel wheel(kStart);
  for (auto _ : state) {
    for (std::uint32_t i = 0; i < many; ++i) wheel.set(i, kStart + milliseconds(i % 60'000));
    for (std::uint32_t i = 0; i < many; ++i) wheel.cancel(i);
  }
  state.SetItemsProcessed(state.iterations() * many);
}
BENCHMARK(add_and_remove)->Arg(10'000)->Arg(1'000'000);

// Keepalive: every connection's deadline is pushed back by a pong, in an order unlike that of the ids.
void move_at_random(benchmark::State& state) {
  const auto many = static_cast<std::uint32_t>(state.range(0));
  TimerWheel wheel(kStart);
  for (std::uint32_t i = 0; i < many; ++i) wheel.set(i, kStart + milliseconds(i % 60'000));
  std::mt19937 random(1);
  MonoTime now = kStart;
  for (auto _ : state) {
    now += std::chrono::microseconds(3);
    wheel.set(static_cast<std::uint32_t>(random() % many), now + seconds(60));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(move_at_random)->Arg(10'000)->Arg(1'000'000);

// Pings: each timer fires and is set again, 30 s later; the loop wakes every 8 ms.
void expire_and_renew(benchmark::State& state) {
  const auto many = static_cast<std::uint32_t>(state.range(0));
  TimerWheel wheel(kStart);
  for (std::uint32_t i = 0; i < many; ++i) wheel.set(i, kStart + seconds(30) * i / many);
  MonoTime now = kStart;
  std::int64_t fired = 0;
  for (auto _ : state) {
    now += milliseconds(8);
    wheel.advance(now, [&](std::uint32_t owner) {
      wheel.set(owner, now + seconds(30));
      ++fired;
    });
  }
  state.SetItemsProcessed(fired);
}
BENCHMARK(expire_and_renew)->Arg(10'000)->Arg(1'000'000);

void look_at_next_deadline(benchmark::State& state) {
  TimerWheel wheel(kStart);
  wheel.set(1, kStart + std::chrono::hours(1));
  for (auto _ : state) benchmark::DoNotOptimize(wheel.next_deadline());
}
BENCHMARK(look_at_next_deadline);

void jump_an_hour(benchmark::State& state) {
  TimerWheel wheel(kStart);
  MonoTime now = kStart;
  for (auto _ : state) {
    wheel.set(1, now + std::chrono::minutes(59));
    now += std::chrono::hours(1);
    wheel.advance(now, [](std::uint32_t owner) { benchmark::DoNotOptimize(owner); });
  }
}
BENCHMARK(jump_an_hour);

}  // namespace
}  // namespace carillon::reactor

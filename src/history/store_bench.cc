// What it costs to retain an event and to read what a client has missed, with frames of 256 bytes.
#include <benchmark/benchmark.h>

#include <string>
#include <string_view>
#include <vector>

#include "history/testing/stage.h"

namespace carillon::history::testing {
namespace {

struct Bench {
  explicit Bench(std::uint32_t events, const BudgetLimits& limits = {kUnlimited, 1'000'000})
      : stage({rule("*", events)}, limits) {
    frame += "{\"text\":\"" + std::string(241, 'x') + "\"}";
  }
  void append(std::string_view channel) {
    stage.store.append(channel, {++number, 0, stage.now, frame, 4, std::string_view(frame).substr(4)});
  }

  Stage stage;
  std::string frame{"\x81\x7e\x00\xfc", 4};
  std::uint64_t number = 0;
};

std::vector<std::string> names(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back("conversation:" + std::to_string(1'000'000 + i));
  return names;
}

// To range(0) channels in turn, each of which is full with 10 events, so that each append evicts one.
void append_to_full_channels(benchmark::State& state) {
  Bench bench(10);
  const auto channels = names(state.range(0));
  for (int i = 0; i < 10; ++i) {
    for (const auto& channel : channels) bench.append(channel);
  }
  std::size_t next = 0;
  for (auto _ : state) {
    bench.append(channels[next]);
    next = next + 1 < channels.size() ? next + 1 : 0;
  }
}
BENCHMARK(append_to_full_channels)->Arg(1)->Arg(1000)->Arg(100'000)->ArgName("channels");

// To range(0) channels in turn, while the budget evicts the oldest event of all for each.
void append_over_budget(benchmark::State& state) {
  Bench bench(1'000'000, {static_cast<std::uint64_t>(state.range(0)) * 3200, 1'000'000});
  const auto channels = names(state.range(0));
  for (int i = 0; i < 10; ++i) {
    for (const auto& channel : channels) bench.append(channel);
  }
  std::size_t next = 0;
  for (auto _ : state) {
    bench.append(channels[next]);
    next = next + 1 < channels.size() ? next + 1 : 0;
  }
}
BENCHMARK(append_over_budget)->Arg(1000)->Arg(100'000)->ArgName("channels");

// Each to a channel that has no history yet, while channels_max evicts the most idle one for each.
void append_to_a_new_channel(benchmark::State& state) {
  Bench bench(10, {kUnlimited, static_cast<std::uint32_t>(state.range(0))});
  const auto channels = names(2 * state.range(0));
  std::size_t next = 0;
  for (auto _ : state) {
    bench.append(channels[next]);
    next = next + 1 < channels.size() ? next + 1 : 0;
  }
}
BENCHMARK(append_to_a_new_channel)->Arg(100'000)->ArgName("channels");

// The newest 100 of range(0) events of one channel.
void read_100_events(benchmark::State& state) {
  Bench bench(static_cast<std::uint32_t>(state.range(0)));
  for (std::int64_t i = 0; i < state.range(0); ++i) bench.append("news");
  const After query{bench.number - 100, kAllTags, kEverything};
  for (auto _ : state) benchmark::DoNotOptimize(bench.stage.store.after("news", query, bench.stage.now));
}
BENCHMARK(read_100_events)->Arg(100)->Arg(100'000)->ArgName("retained");

// A client that has missed nothing, as most of those that reconnect.
void read_nothing(benchmark::State& state) {
  Bench bench(1000);
  for (int i = 0; i < 1000; ++i) bench.append("news");
  const After query{bench.number, kAllTags, kEverything};
  for (auto _ : state) benchmark::DoNotOptimize(bench.stage.store.after("news", query, bench.stage.now));
}
BENCHMARK(read_nothing);

// A call of expire() that finds nothing, with 100,000 channels.
void expire_nothing(benchmark::State& state) {
  Bench bench(10);
  for (const auto& channel : names(100'000)) bench.append(channel);
  for (auto _ : state) bench.stage.store.expire(bench.stage.now);
}
BENCHMARK(expire_nothing);

}  // namespace
}  // namespace carillon::history::testing

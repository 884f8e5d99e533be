// What the engine itself costs, with sockets that take everything and cost nothing. Compare with the
// 2 to 11 us that the kernel takes for one send.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "fanout/subscription_index.h"
#include "transport/websocket.h"

namespace carillon::fanout {
namespace {

constexpr std::size_t kEventBytes = 256;

class NullHost final : public FanOutHost {
 public:
  WriteResult write(SubscriberId, const iovec* pieces, int count) override {
    std::size_t bytes = 0;
    for (int i = 0; i < count; ++i) bytes += pieces[i].iov_len;
    return {bytes, WriteResult::State::ok};
  }
  bool append_gap_frame(SubscriberId, LogId, const LagGap&, std::string&) override { return false; }
  bool slice_is_over() override { return false; }
  std::size_t held_back(SubscriberId) const override { return 0; }
};

struct Bench {
  NullHost host;
  FrameMemory memory{std::uint64_t{1} << 40};
  FanOut engine{host, {memory}, {{LagRule{}}, {LogRules{}}}, nullptr};
  FrameArena arena{memory, transport::websocket_encoder()};
  std::string payload = std::string(kEventBytes - 4, 'x');
  MonoTime now{seconds(1)};
};

void report(benchmark::State& state, const Bench& bench) {
  const auto deliveries = static_cast<double>(bench.engine.counters().sent_in_total().deliveries);
  state.counters["delivery"] =
      benchmark::Counter(deliveries, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// range(0) subscribers, range(1) events pending at each flush.
void append_and_flush(benchmark::State& state) {
  Bench bench;
  const LogId log = bench.engine.add_log(0);
  for (SubscriberId id = 0; id < state.range(0); ++id) {
    bench.engine.add_subscriber(id, 0, Encoding::plain);
    bench.engine.subscribe(id, log);
  }
  for (auto _ : state) {
    for (int i = 0; i < state.range(1); ++i) {
      bench.engine.append(log, bench.arena.make_shared(bench.payload), bench.now);
    }
    bench.engine.run_slice(bench.now);
  }
  report(state, bench);
}
BENCHMARK(append_and_flush)->ArgsProduct({{1, 1000, 10000}, {1, 16}})->ArgNames({"subscribers", "pending"});

// One event to each of range(0) logs with one subscriber each, in one slice.
void logs_of_one(benchmark::State& state) {
  Bench bench;
  for (SubscriberId id = 0; id < state.range(0); ++id) {
    bench.engine.add_subscriber(id, 0, Encoding::plain);
    bench.engine.subscribe(id, bench.engine.add_log(0));
  }
  for (auto _ : state) {
    for (LogId log = 0; log < state.range(0); ++log) {
      bench.engine.append(log, bench.arena.make_own(bench.payload), bench.now);
    }
    bench.engine.run_slice(bench.now);
  }
  report(state, bench);
}
BENCHMARK(logs_of_one)->Arg(100)->Arg(100000)->ArgName("logs");

// range(0) logs with the same 1,000 subscribers: one write each, over all logs.
void logs_of_all(benchmark::State& state) {
  Bench bench;
  std::vector<LogId> logs;
  for (int i = 0; i < state.range(0); ++i) logs.push_back(bench.engine.add_log(0));
  for (SubscriberId id = 0; id < 1000; ++id) {
    bench.engine.add_subscriber(id, 0, Encoding::plain);
    for (const LogId log : logs) bench.engine.subscribe(id, log);
  }
  for (auto _ : state) {
    for (const LogId log : logs) {
      bench.engine.append(log, bench.arena.make_shared(bench.payload), bench.now);
    }
    bench.engine.run_slice(bench.now);
  }
  report(state, bench);
}
BENCHMARK(logs_of_all)->Arg(2)->Arg(20)->Arg(128)->ArgName("logs");

// A ping to every subscriber.
void say_to_all(benchmark::State& state) {
  Bench bench;
  for (SubscriberId id = 0; id < 10000; ++id) bench.engine.add_subscriber(id, 0, Encoding::plain);
  for (auto _ : state) {
    for (SubscriberId id = 0; id < 10000; ++id) bench.engine.send(id, {"\x89\x00", 2}, bench.now);
    bench.engine.run_slice(bench.now);
  }
  state.SetItemsProcessed(state.iterations() * 10000);
}
BENCHMARK(say_to_all);

std::string channel_name(std::int64_t i) { return "conversation:conv-" + std::to_string(i * 7919); }

void index_lookup(benchmark::State& state) {
  Bench bench;
  SubscriptionIndex index(bench.engine, ChannelPolicies(), 1000000, {1, 2});
  bench.engine.add_subscriber(0, 0, Encoding::plain);
  std::vector<std::string> names;
  // Not through one subscriber's list, which is made for 128.
  for (SubscriberId i = 0; i < state.range(0); ++i) {
    names.push_back(channel_name(i));
    if (i > 0) bench.engine.add_subscriber(i, 0, Encoding::plain);
    index.subscribe(i, names.back());
  }
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(index.find(names[i]));
    i = (i + 7919) % names.size();
  }
}
BENCHMARK(index_lookup)->Arg(1000)->Arg(100000)->ArgName("channels");

void subscribe_and_unsubscribe(benchmark::State& state) {
  Bench bench;
  SubscriptionIndex index(bench.engine, ChannelPolicies(), 1000000, {1, 2});
  bench.engine.add_subscriber(0, 0, Encoding::plain);
  for (auto _ : state) {
    index.subscribe(0, "conversation:conv-123456");
    index.unsubscribe(0, "conversation:conv-123456");
  }
}
BENCHMARK(subscribe_and_unsubscribe);

std::size_t resident_bytes() {
  std::size_t all = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * 4096;
}

std::chrono::nanoseconds own_cpu() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// A million channels of one subscriber each, 100 a connection. bytes_a_channel is the slope of resident
// memory over the last half of them, without the subscription's 8 there and 8 here; longest_us is the dearest
// single subscribe in CPU time, which is what the loop stands still for. Run it alone
// (--benchmark_filter=a_million): what the others have freed would be used again unseen.
void a_million_channels(benchmark::State& state) {
  constexpr std::uint32_t kChannels = 1'000'000;
  constexpr std::uint32_t kChannelsASubscriber = 100;
  constexpr double kSubscriptionBytes = 8;  // in the connection's list; that in the log's is in its record
  for (auto _ : state) {
    Bench bench;
    SubscriptionIndex index(bench.engine, ChannelPolicies(), kChannels, {1, 2});
    std::vector<double> bytes;
    std::chrono::nanoseconds longest{0};
    for (std::uint32_t i = 0; i < kChannels; ++i) {
      if (i % (kChannels / 2) == 0) bytes.push_back(static_cast<double>(resident_bytes()));
      const SubscriberId id = i / kChannelsASubscriber;
      if (i % kChannelsASubscriber == 0) bench.engine.add_subscriber(id, 0, Encoding::plain);
      const std::string name = "conversation:" + std::to_string(1'000'000 + i);  // 20 bytes
      const std::chrono::nanoseconds begun = own_cpu();
      index.subscribe(id, name);
      longest = std::max(longest, own_cpu() - begun);
    }
    const double grown = static_cast<double>(resident_bytes()) - bytes.back();
    state.counters["bytes_a_channel"] = grown / (kChannels / 2) - kSubscriptionBytes;
    state.counters["longest_us"] = static_cast<double>(longest.count()) / 1000;
  }
}
BENCHMARK(a_million_channels)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace carillon::fanout

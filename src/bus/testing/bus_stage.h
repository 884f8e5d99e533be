#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bus/bus.h"
#include "bus/redis/testing/redis_server.h"
#include "bus/testing/sessions.h"

namespace carillon::bus::testing {

inline bool run_long_tests() { return std::getenv("CARILLON_LONG") != nullptr; }

inline std::string url_of(std::uint16_t port, std::string_view user_info = {}) {
  return "redis://" + std::string(user_info) + "127.0.0.1:" + std::to_string(port);
}

// A stated time is a deadline three times as long here, for machines are shared and noisy.
inline ::testing::AssertionResult in_time(std::string_view what, MonoTime since, MonoClock::duration stated) {
  const auto took = std::chrono::duration_cast<milliseconds>(mono_now() - since);
  auto result = took < 3 * stated ? ::testing::AssertionSuccess() : ::testing::AssertionFailure();
  return result << what << " after " << took.count() << " ms";
}

// BusStage: a bus on a real loop, with everything that it reports written down. What tests with real servers
// share.
struct BusStage {
  std::unique_ptr<reactor::Loop> loop = reactor::Loop::create().value();
  RecordingSink sink;
  RecordingLog log;
  Tally tally;
  std::unique_ptr<Bus> bus;

  explicit BusStage(std::string url) : BusStage(quick(std::move(url))) {}
  explicit BusStage(BusOptions options) { bus = make_bus(std::move(options), *loop, sink, log).value(); }

  static BusOptions quick(std::string url) {
    BusOptions options;
    options.url = std::move(url);
    options.patterns = patterns({"orion.*", "orion.a", "plain"});
    options.node_id = "test";
    return options;
  }
  // Runs the loop until the condition holds; false when it does not in time.
  template <class Condition>
  bool until(Condition condition, seconds limit = seconds(10)) {
    const auto deadline = mono_now() + limit;
    std::function<void()> look = [&] {
      if (condition() || mono_now() > deadline) {
        loop->stop();
      } else {
        loop->call_after(milliseconds(1), look);
      }
    };
    loop->call_after(milliseconds(0), look);
    loop->run();
    return condition();
  }
  bool is_up() const { return bus->status().state == BusState::up; }
  bool is_down() const { return bus->status().state == BusState::down; }
  bool start() {
    bus->start();
    return until([this] { return is_up(); });
  }
  bool receives(const RedisServer& server, const std::string& channel, const std::string& body) {
    server.publish(channel, body);
    return until([&] { return sink.saw(channel + "=" + body); });
  }
  void expect_no_secret(std::string_view secret) const {
    for (const auto& line : log.lines) EXPECT_EQ(line.find(secret), std::string::npos) << line;
    for (const auto& line : sink.lines) EXPECT_EQ(line.find(secret), std::string::npos) << line;
  }
};

}  // namespace carillon::bus::testing

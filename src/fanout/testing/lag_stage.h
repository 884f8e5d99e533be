// Lag: a fixture of two subscribers of one log, with a shard's lag checks while time passes. For tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fanout/testing/stage.h"

namespace carillon::fanout::testing {

// 0 cannot take bytes, 1 can.
struct Lag : ::testing::Test {
  void open(LagRule limits, StageOptions options = {}, PolicyId policy = kDisconnect) {
    stage = std::make_unique<Stage>(limits, options);
    log = stage->engine->add_log(policy);
    stage->join(0, {log}, policy);
    stage->join(1, {log}, policy);
  }
  // Appends events of this many bytes on the wire.
  void append(std::size_t wire_bytes) { stage->append(log, std::string(wire_bytes - 2, 'x')); }
  auto look() {
    stage->engine->check_lag(stage->now);
    return stage->verdicts();
  }
  // Runs a shard's lag checks while this much time passes.
  auto look_for(milliseconds time) {
    auto found = look();
    for (milliseconds passed{0}; passed < time; passed += milliseconds(250)) {
      stage->pass(milliseconds(250));
      for (const auto& each : look()) found.push_back(each);
    }
    return found;
  }
  std::unique_ptr<Stage> stage;
  LogId log = 0;
};

inline constexpr auto kGrace = milliseconds(3000);  // the default

}  // namespace carillon::fanout::testing

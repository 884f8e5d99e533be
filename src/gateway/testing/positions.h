// What tests of positions read and write.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "event/position.h"
#include "gateway/testing/shard_stage.h"

namespace carillon::gateway::testing {

using Frames = std::vector<std::string>;

// The text of a position of a stage's own events.
inline std::string position(std::uint64_t number, std::uint64_t epoch = 0x1234) {
  std::string text;
  append_text({epoch, number}, text);
  return text;
}

// The texts that the client has been sent since the last call.
inline Frames taken(ShardStage& stage, int fd) {
  Frames texts;
  for (const std::string& frame : stage.take_frames(fd)) {
    EXPECT_TRUE(frame.starts_with("text ")) << frame;
    texts.push_back(frame.substr(5));
  }
  return texts;
}

}  // namespace carillon::gateway::testing

#include "gateway/run_loop.h"

#include <gtest/gtest.h>

#include <new>

namespace carillon::gateway {
namespace {

TEST(RunLoopDeathTest, AnExceptionInAShardEndsTheProcessWithALine) {
  EXPECT_EXIT(
      {
        const auto loop = std::move(*reactor::Loop::create());
        loop->post([] { throw std::bad_alloc(); });
        run_loop(*loop);
      },
      ::testing::ExitedWithCode(1),
      "carillon: the process ends, because a shard cannot go on: std::bad_alloc");
}

TEST(RunLoop, ReturnsWhenTheLoopIsStopped) {
  const auto loop = std::move(*reactor::Loop::create());
  loop->post([&] { loop->stop(); });
  run_loop(*loop);
}

}  // namespace
}  // namespace carillon::gateway

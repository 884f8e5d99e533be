#include "gateway/run_loop.h"

#include <exception>

#include "base/assert.h"

namespace carillon::gateway {

void run_loop(reactor::Loop& loop) {
  try {
    loop.run();
  } catch (const std::exception& error) {
    end_process("the process ends, because a shard cannot go on", error.what());
  }
}

}  // namespace carillon::gateway

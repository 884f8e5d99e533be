#pragma once

#include "reactor/loop.h"

namespace carillon::gateway {

// Runs a shard's loop on the calling thread until it is stopped. What is thrown in it (memory is short beyond
// every reserve) leaves the shard half-way through something, so it ends the process, with a line on stderr.
void run_loop(reactor::Loop& loop);

}  // namespace carillon::gateway

// How many descriptors the process may have. Main thread, before any other is started.
#pragma once

#include <cstdint>

#include "config/settings.h"

namespace carillon::app {

// A client is a descriptor, and a shell's soft limit is 1,024 on many systems, for the sake of programs that
// use select(2), which we do not: raises it to the hard limit. Returns what it is then; 0 when the system
// does not say.
std::int64_t raise_descriptor_limit();

// How many times the limit counts: once, or once for each shard. Any thread.
std::int64_t descriptor_tables(const config::ServerSettings& server);

}  // namespace carillon::app

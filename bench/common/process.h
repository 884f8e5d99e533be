// What both programs do to the process and thread they run in.
#pragma once

#include <cstdint>

namespace carillon::bench {

// Descriptors up to the hard limit. How many there are now.
std::uint64_t raise_descriptor_limit();

// The calling thread stays on this core. False where the machine has no such core, or forbids it.
bool pin_to_core(int core);

}  // namespace carillon::bench

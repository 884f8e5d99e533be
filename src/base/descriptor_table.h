// A thread's table of descriptors. Threads share one by default, and with it one limit (RLIMIT_NOFILE) and
// one lock; a thread may leave it for one of its own, with a limit and a lock of its own.
//
// What is open at that moment is in both from then on, under the same number, and closing it in one does not
// close it: a thread must get its own table before it opens anything that it will close.
#pragma once

#include <cstdint>

namespace carillon {

// A client is a descriptor, and a shell's soft limit is 1,024 on many systems, for the sake of programs that
// use select(2), which we do not: raises the process's to the hard limit, before any other thread is started.
// Returns the new limit of one table, or 0 when it cannot be read.
std::int64_t raise_descriptor_limit();

// The calling thread gets a table of its own. False where the system forbids it, or has no memory for it.
bool unshare_descriptors();

// The limit on the calling thread's table now (it may change at any time: prlimit(1)); the largest number
// possible when it cannot be read.
std::uint64_t descriptor_limit();
// How many descriptors are open in it, as long as none was closed: the lowest number that is free.
std::uint64_t open_descriptors();

// A process may be started with descriptors 0, 1 or 2 closed, and the next thing it opens then takes the
// place: log lines would go into an epoll instance or a client's socket. Opens /dev/null for those that are
// closed. Call it before anything else is opened; false when /dev/null cannot be opened.
bool open_standard_descriptors();

// Returns whether the system would allow it, by trying it on a thread that ends at once.
bool can_unshare_descriptors();

}  // namespace carillon

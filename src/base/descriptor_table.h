// A thread's descriptor table. Threads share one by default, with one limit (RLIMIT_NOFILE) and one lock; a
// thread may get a table of its own, with its own limit and lock.
//
// Descriptors that are open at that moment are in both tables, under the same number, and closing one in one
// table leaves it open in the other: a thread must get its table before it opens anything that it will close.
#pragma once

#include <cstdint>

namespace carillon {

// Raises the process's limit on descriptors to the hard limit; call it before any other thread is started.
// Every client needs a descriptor, and the soft limit is 1,024 on many systems for programs that use
// select(2), which we do not. Returns the new limit of one table, or 0 when it cannot be read.
std::int64_t raise_descriptor_limit();

// Gives the calling thread a table of its own. Returns false when the system forbids it or has no memory for
// it.
bool unshare_descriptors();

// Returns the current limit of the calling thread's table, which may change at any time (prlimit(1)); the
// largest possible number when it cannot be read.
std::uint64_t descriptor_limit();
// Returns the lowest free descriptor number: how many are open, as long as none was closed.
std::uint64_t open_descriptors();

// Opens /dev/null for those of the descriptors 0, 1 and 2 that are closed: otherwise the next file opened
// would get that number, and log lines would go into an epoll instance or a client's socket. Call it before
// anything else is opened. Returns false when /dev/null cannot be opened.
bool open_standard_descriptors();

// Returns whether the system would allow it, by trying it on a thread that ends at once.
bool can_unshare_descriptors();

}  // namespace carillon

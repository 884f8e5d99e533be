// The sockets that listen on one address with SO_REUSEPORT are a group, over which the kernel spreads new
// connections. The kernel appends a socket to its group when it begins to listen; when one is closed, the
// last one takes its place. So a group whose sockets are closed from the last one backwards keeps its order.
//
// Thread: any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/result.h"

namespace carillon::reactor {

// Has the kernel choose, at random, among the first `count` sockets of the group that `fd` belongs to, for
// each connection that begins from now on. Replaces what an earlier call has set, also one of another
// process. A connection whose handshake has begun stays with its socket.
Result<void> steer_to_first(int fd, std::uint32_t count);
// Has it choose among all of them again. Without effect where nothing was set, or before Linux 5.3.
void stop_steering(int fd);

// Returns how many connections wait in the queue of a listening socket; nothing when the kernel does not
// report it.
std::optional<std::uint32_t> waiting_connections(int fd);

}  // namespace carillon::reactor

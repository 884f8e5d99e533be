// Sockets: the interface of a shard to its clients' sockets and to a precise clock. The real implementation
// makes a few system calls; tests have their own.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string>

#include "base/time.h"
#include "base/write_result.h"
#include "client/ack_watch.h"
#include "reactor/listener.h"

namespace carillon::client {

struct ReadResult {
  enum class State : std::uint8_t { bytes, nothing_now, end, broken };
  State state = State::nothing_now;
  std::size_t count = 0;
};

class Sockets {
 public:
  // Accepts the next waiting connection, as reactor::accept_from().
  virtual reactor::Accepted accept(int listener_fd, int notsent_low_water_bytes) = 0;
  virtual ReadResult read(int fd, std::span<char> into) = 0;
  virtual WriteResult write(int fd, const iovec* pieces, int count) = 0;
  virtual void shut_down_writing(int fd) = 0;
  virtual void close(int fd) = 0;
  // Closes with RST: the kernel discards what it still holds for this peer, and keeps no orphaned socket.
  virtual void reset(int fd) = 0;
  // The numeric address of the peer; empty when it has gone.
  virtual std::string peer_host(int fd) = 0;
  // How many of our bytes are acknowledged or waiting; both are 0 when the kernel does not report it.
  virtual SendState send_state(int fd) = 0;
  // The time for slices, because Loop::now() does not change during a turn.
  virtual MonoTime precise_now() = 0;

 protected:
  ~Sockets() = default;
};

Sockets& kernel_sockets();  // stateless; any thread

}  // namespace carillon::client

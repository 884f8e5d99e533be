// Listening sockets: bound, non-blocking, close-on-exec, SO_REUSEPORT so that each shard has its own.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace carillon::reactor {

// A numeric address and port.
struct SocketAddress {
  std::string host;          // a numeric IPv4 or IPv6 address, without brackets
  std::uint16_t port = 0;    // 0: the kernel chooses a free one
  std::string text() const;  // "127.0.0.1:8000", "[::1]:8000"
};

// Owns a descriptor; closes it when it goes.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  int get() const { return fd_; }
  int release();
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// Errors name the address and the remedy: "cannot listen on 127.0.0.1:8000: address already in use; …".
// The first of several shards' listeners binds port 0 and passes the port it got to the others.
Result<FileDescriptor> listen_on(const SocketAddress& address, int backlog);
Result<SocketAddress> local_address(int fd);

// SO_REUSEPORT lets a second server of the same user bind the same port without an error, and the kernel
// would distribute the clients over both. Call this once, before the first listen_on() of an address.
Result<void> check_port_is_free(const SocketAddress& address);

// The next waiting connection, non-blocking and close-on-exec, with TCP_NODELAY and the low-water
// mark for unsent bytes (TCP_NOTSENT_LOWAT) set; errno in the error case. With edge-triggered events: call
// until none waits; after any other error call again after a pause, because no new event will come for those
// who already wait.
struct Accepted {
  enum class Outcome : std::uint8_t {
    connection,
    none_waiting,
    connection_gone,  // the one that waited: the next may be well, call again at once
    no_descriptor,    // of the process or of the system
    other_error       // no memory, or a firewall's EPERM; any that is not known
  };
  Outcome outcome() const;

  int fd = -1;    // -1: none; see `error`
  int error = 0;  // EAGAIN: no connection waits; EMFILE, ENFILE: no descriptor left
  SocketAddress peer;
};
Accepted accept_from(int listener_fd, int notsent_low_water_bytes);

}  // namespace carillon::reactor

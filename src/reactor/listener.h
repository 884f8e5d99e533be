// Listening sockets: bound, non-blocking, close-on-exec, SO_REUSEPORT so that each shard has its own.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace carillon::reactor {

struct SocketAddress {
  std::string host;          // a numeric IPv4 or IPv6 address, without brackets
  std::uint16_t port = 0;    // 0 asks the kernel for a free one
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

// The first of several shards' listeners binds port 0 and tells the others the port it got.
Result<FileDescriptor> listen_on(const SocketAddress& address, int backlog);
Result<SocketAddress> local_address(int fd);

// The next waiting connection, non-blocking and close-on-exec, with TCP_NODELAY and the low-water
// mark for unsent bytes (TCP_NOTSENT_LOWAT) set; errno in the error case.
struct Accepted {
  int fd = -1;               // -1: none; see `error`
  int error = 0;             // EAGAIN: nobody waits; EMFILE, ENFILE: no descriptor left
  SocketAddress peer;
};
Accepted accept_from(int listener_fd, int notsent_low_water_bytes);

}  // namespace carillon::reactor

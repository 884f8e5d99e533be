// Listening sockets: bound, non-blocking, close-on-exec, SO_REUSEPORT so that each shard has its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace carillon::reactor {

// A numeric address and port.
struct SocketAddress {
  std::string host;          // a numeric IPv4 or IPv6 address, without brackets
  std::uint16_t port = 0;    // 0: the kernel chooses a free one
  std::string text() const;  // "127.0.0.1:8000", "[::1]:8000"
};

// Owns a descriptor and closes it in its destructor.
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
// The two steps of listen_on(). A socket that is only bound has its address, and gets no connections yet.
Result<FileDescriptor> bind_to(const SocketAddress& address);
Result<void> start_listening(int fd, const SocketAddress& address, int backlog);
Result<SocketAddress> local_address(int fd);
// Returns nothing when the socket is not connected any more.
std::optional<SocketAddress> peer_address(int fd);

// SO_REUSEPORT lets a second server of the same user bind the same port without an error, and the kernel
// would distribute the clients over both. Call this once, before the first listen_on() of an address.
Result<void> check_port_is_free(const SocketAddress& address);

// Accepts the next waiting connection, non-blocking and close-on-exec, with TCP_NODELAY and the low-water
// mark for unsent bytes (TCP_NOTSENT_LOWAT) set; returns errno on failure. With edge-triggered events, call
// it until none waits. After any other error call it again after a pause, because connections that already
// wait cause no event.
struct Accepted {
  enum class Outcome : std::uint8_t {
    connection,
    none_waiting,
    connection_gone,  // that connection has failed: call again at once for the next
    no_descriptor,    // the process or the system has none left
    other_error       // no memory, a firewall's EPERM, or any other error
  };
  Outcome outcome() const;

  int fd = -1;    // -1: none; see `error`
  int error = 0;  // EAGAIN: no connection waits; EMFILE, ENFILE: no descriptor left
  SocketAddress peer;
};
Accepted accept_from(int listener_fd, int notsent_low_water_bytes);

}  // namespace carillon::reactor

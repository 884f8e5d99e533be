#include "reactor/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "reactor/raw_address.h"

namespace carillon::reactor {
namespace {

// What it was, and what to do instead.
std::string reason_and_remedy(int error) {
  switch (error) {
    case EADDRINUSE:
      return "address already in use; stop the other server or choose another port";
    case EADDRNOTAVAIL:
      return "this machine has no such address; choose one of its own, or 0.0.0.0 or [::] for all of them";
    case EACCES:
      return "permission denied; choose a port from 1024 up, or grant CAP_NET_BIND_SERVICE";
    case EAFNOSUPPORT:
      return "this machine has no IPv6; remove the address";
    case EMFILE:
    case ENFILE:
      return "no file descriptor left; raise the limit (ulimit -n)";
    default:
      return std::generic_category().message(error);
  }
}

tl::unexpected<Error> cannot_listen(const SocketAddress& address, const std::string& why) {
  return failure("cannot listen on " + address.text() + ": " + why);
}

bool set_option(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

enum class Sharing { with_own_shards, none };

Result<FileDescriptor> bound_socket(const SocketAddress& address, Sharing sharing) {
  const auto raw = RawAddress::from(address);
  if (!raw) {
    return cannot_listen(address, "'" + address.host +
                                      "' is not a numeric IPv4 or IPv6 address; write 127.0.0.1, [::1], or "
                                      "0.0.0.0 or [::] for all addresses");
  }
  FileDescriptor fd(::socket(raw->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return cannot_listen(address, reason_and_remedy(errno));
  // Without SO_REUSEADDR a restart would wait a minute for the last one's closed connections.
  bool set = set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (sharing == Sharing::with_own_shards) set = set && set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  // Otherwise [::] would take IPv4 too, and 0.0.0.0 in addition would be refused.
  if (raw->family() == AF_INET6) set = set && set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (!set || ::bind(fd.get(), raw->get(), raw->size) != 0) {
    return cannot_listen(address, reason_and_remedy(errno));
  }
  return fd;
}

// Errors of the connection that waited, not of the listener (accept(2)): the next may be well.
bool concerns_only_that_connection(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string SocketAddress::text() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    const FileDescriptor old(std::exchange(fd_, other.release()));
  }
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

int FileDescriptor::release() { return std::exchange(fd_, -1); }

Result<FileDescriptor> bind_to(const SocketAddress& address) {
  return bound_socket(address, Sharing::with_own_shards);
}

Result<void> start_listening(int fd, const SocketAddress& address, int backlog) {
  if (::listen(fd, backlog) != 0) return cannot_listen(address, reason_and_remedy(errno));
  return {};
}

Result<FileDescriptor> listen_on(const SocketAddress& address, int backlog) {
  auto fd = bind_to(address);
  if (!fd) return fd;
  if (auto listening = start_listening(fd->get(), address, backlog); !listening) {
    return tl::unexpected(listening.error());
  }
  return fd;
}

Result<void> check_port_is_free(const SocketAddress& address) {
  const auto fd = bound_socket(address, Sharing::none);
  if (!fd) return tl::unexpected(fd.error());
  return {};
}

Result<SocketAddress> local_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return failure("cannot read a socket's own address: " + std::generic_category().message(errno));
  }
  return RawAddress::readable(storage);
}

std::optional<SocketAddress> peer_address(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  return RawAddress::readable(storage);
}

Accepted::Outcome Accepted::outcome() const {
  if (fd >= 0) return Outcome::connection;
  if (error == EAGAIN) return Outcome::none_waiting;
  if (concerns_only_that_connection(error)) return Outcome::connection_gone;
  return error == EMFILE || error == ENFILE ? Outcome::no_descriptor : Outcome::other_error;
}

Accepted accept_from(int listener_fd, int notsent_low_water_bytes) {
  Accepted accepted;
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  accepted.fd =
      ::accept4(listener_fd, reinterpret_cast<sockaddr*>(&storage), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (accepted.fd < 0) {
    accepted.error = errno == EWOULDBLOCK ? EAGAIN : errno;
    return accepted;
  }
  // A socket that is already reset may refuse these; its first read reports it.
  set_option(accepted.fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(accepted.fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, notsent_low_water_bytes);
  accepted.peer = RawAddress::readable(storage);
  return accepted;
}

}  // namespace carillon::reactor

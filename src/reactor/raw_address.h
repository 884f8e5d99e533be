#pragma once

#include <sys/socket.h>

#include <optional>

#include "reactor/listener.h"

namespace carillon::reactor {

// RawAddress: a SocketAddress in the kernel's format.
// Thread: any.
struct RawAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  // Returns nothing when the host is not a numeric address. Queries no name server.
  static std::optional<RawAddress> from(const SocketAddress& address);
  static SocketAddress readable(const sockaddr_storage& storage);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

}  // namespace carillon::reactor

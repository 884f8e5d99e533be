// Listening sockets that this process did not open itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "reactor/listener.h"
#include "reactor/ticket_keys.h"

namespace carillon::gateway {

struct InheritedSocket {
  reactor::SocketAddress address;  // as it is written in server.listen, where port 0 is a free port
  reactor::FileDescriptor socket;
  config::ProxyProtocol proxy_protocol = config::ProxyProtocol::off;
  bool is_shared = false;  // it is one of several descriptors for one socket, which all shards use
  std::shared_ptr<const config::ListenTls> tls = nullptr;  // of the process that it comes from; null: plain
};

// What a process that takes over knows of the numbers of the other's events before it starts
// (history_handover.h).
struct InheritedNumbers {
  std::uint64_t epoch = 0;
  std::uint64_t last_event = 0;  // of the last event so far
  std::string marker_channel;    // on which the other process publishes its markers
};

struct Inheritance {
  enum class From : std::uint8_t {
    nowhere,
    another_process,  // which goes on accepting until it is told to stop (a takeover)
    gateway_before,   // of this process, which has ended (`carillon dev` starts anew)
    service_manager   // socket activation: one socket for each address, used by all shards
  };
  From from = From::nowhere;
  std::vector<InheritedSocket> sockets;
  std::vector<reactor::TicketKey> ticket_keys;  // so that clients resume their TLS sessions; the newest first
  std::optional<InheritedNumbers> numbers;      // nothing: the other process has no history to hand over
};

}  // namespace carillon::gateway

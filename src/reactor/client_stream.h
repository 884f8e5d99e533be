#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "reactor/loop.h"
#include "reactor/resolve.h"

namespace carillon::reactor {

// Receives the events of a ClientStream.
class ClientStreamHandler {
 public:
  virtual void on_connected() = 0;
  virtual void on_bytes(std::string_view bytes) = 0;  // the view is valid during the call only
  // The connection was refused, timed out, was reset or ended by the peer, TLS failed, or the write buffer
  // was full; `reason` is which of these.
  virtual void on_closed(const Error& reason) = 0;

 protected:
  ~ClientStreamHandler() = default;
};

// TLS settings of an outgoing connection.
struct ClientTls {
  std::string server_name;  // for SNI and for the certificate's name check
  std::string ca_file;      // empty: the system's store
};

// Options of an outgoing connection.
struct ClientStreamOptions {
  std::string host;
  std::uint16_t port = 0;
  std::unique_ptr<ClientTls> tls;  // null: plain TCP
  std::chrono::milliseconds connect_timeout{5000};
  std::size_t write_buffer_bytes_max = 16 * 1024 * 1024;  // with more the stream closes itself
  ResolveFunction resolve = resolve_by_system;            // called on another thread
};

// ClientStream: an outgoing TCP or TLS connection to a broker, on a loop.
//
// Thread: the loop's. Names are resolved on another thread, so DNS never stalls the loop. Connecting (name,
// TCP and TLS together) must succeed within `connect_timeout`; a host's addresses are tried one after the
// other, each with its share of the remaining time. Callbacks are called by the loop only, never from inside
// connect(), write() or close(), and no more after on_closed() or close(). The handler may destroy the stream
// inside a callback.
class ClientStream {
 public:
  static std::unique_ptr<ClientStream> connect(Loop& loop, ClientStreamOptions options,
                                               ClientStreamHandler& handler);
  virtual ~ClientStream() = default;  // closes without a callback

  // Sends the bytes, and copies those that the kernel does not accept yet. Before on_connected() they wait
  // for the connection; after on_closed() the call has no effect.
  virtual void write(std::string_view bytes) = 0;
  virtual std::size_t unsent_bytes() const = 0;  // passed to write() but not yet to the kernel
};

}  // namespace carillon::reactor

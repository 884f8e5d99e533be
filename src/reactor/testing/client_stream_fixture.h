// What the tests of outgoing connections share: a loop, a peer on loopback, a recording handler.
// Thread: the test's.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "reactor/client_stream.h"
#include "reactor/listener.h"
#include "reactor/testing/run_until.h"
#include "reactor/testing/stream_recorder.h"

namespace carillon::reactor {

inline std::unique_ptr<Loop> new_loop() {
  auto loop = Loop::create();
  if (!loop) throw std::runtime_error(loop.error().message);
  return std::move(*loop);
}

// The broker's side, on the test's own thread: the kernel completes connections meanwhile.
class Peer {
 public:
  explicit Peer(const std::string& host = "127.0.0.1", int backlog = 16) {
    auto fd = listen_on({host, 0}, backlog);
    if (!fd) throw std::runtime_error(fd.error().message);
    listener_ = std::move(*fd);
    address_ = *local_address(listener_.get());
  }
  std::uint16_t port() const { return address_.port; }
  bool try_accept() {
    if (!socket_) socket_ = FileDescriptor(accept_from(listener_.get(), 16 * 1024).fd);
    return static_cast<bool>(socket_);
  }
  void send(std::string_view bytes) const {
    EXPECT_EQ(static_cast<ssize_t>(bytes.size()),
              ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  std::string receive() const {
    static char bytes[256 * 1024];
    const ssize_t count = ::recv(socket_.get(), bytes, sizeof bytes, 0);
    return count > 0 ? std::string(bytes, static_cast<std::size_t>(count)) : std::string();
  }
  bool at_end() const {
    char byte;
    return ::recv(socket_.get(), &byte, 1, 0) == 0;
  }
  void close() { socket_ = FileDescriptor(); }
  void reset() {
    const linger at_once{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  int fd() const { return socket_.get(); }

 private:
  FileDescriptor listener_;
  FileDescriptor socket_;
  SocketAddress address_;
};

inline ClientStreamOptions to(std::uint16_t port, const std::string& host = "127.0.0.1") {
  ClientStreamOptions options;
  options.host = host;
  options.port = port;
  options.connect_timeout = std::chrono::seconds(60);  // a busy machine is no failure
  return options;
}

inline std::uint16_t unused_port() { return Peer().port(); }

class ClientStreamTest : public ::testing::Test {
 protected:
  void connect(ClientStreamOptions options) {
    stream = ClientStream::connect(*loop, std::move(options), recorder);
  }
  void connect_to_peer() {
    connect(to(peer.port()));
    ASSERT_TRUE(run_until(*loop, [&] { return recorder.connected == 1 && peer.try_accept(); }));
  }
  bool closed() {
    return run_until(*loop, [&] { return recorder.closed > 0; });
  }
  // Long enough for a callback that should not come.
  void turns(std::uint64_t many) {
    const auto end = loop->counters().turns.load() + many;
    ASSERT_TRUE(run_until(*loop, [&] { return loop->counters().turns.load() >= end; }));
  }

  const std::unique_ptr<Loop> loop = new_loop();
  Peer peer;
  StreamRecorder recorder;
  std::unique_ptr<ClientStream> stream;
};

}  // namespace carillon::reactor

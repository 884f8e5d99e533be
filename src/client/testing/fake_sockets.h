// FakeSockets: sockets for tests of a shard. A test queues what the client sends, and reads what it receives.
// Every close is counted, so that a test can check that each descriptor was closed exactly once.
//
// Thread: the test's. Descriptors are numbers that are never reused. Any use of a closed one is a failure.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <string_view>

#include "client/sockets.h"
#include "reactor/testing/fake_loop.h"

namespace carillon::client::testing {

struct FakeSocket {
  static constexpr std::size_t kEndless = std::numeric_limits<std::size_t>::max();

  std::string host;                       // the client's address
  std::string incoming;                   // sent by the client, not yet read
  std::size_t read_bytes_max = kEndless;  // most bytes returned by one read
  bool ended = false;                     // the client has shut its side (after `incoming`)
  bool broken = false;                    // the client has reset the connection
  std::size_t capacity = kEndless;        // how many bytes the kernel still takes
  bool was_short = false;                 // a write was short: epoll reports the next room
  std::string received;                   // what the client has read
  std::uint64_t written = 0;              // ever
  std::uint64_t unacked = 0;              // of `written`, what the client's kernel has not acknowledged
  bool shut_down = false;
  int closes = 0;
  int resets = 0;

  bool is_open() const { return closes + resets == 0; }
};

class FakeSockets final : public Sockets {
 public:
  explicit FakeSockets(const reactor::FakeLoop& loop) : loop_(loop) {}

  int open_socket() {
    sockets_[++last_fd_];
    return last_fd_;
  }
  FakeSocket& operator[](int fd) { return sockets_.at(fd); }
  const std::map<int, FakeSocket>& all() const { return sockets_; }
  // How much time passes at each look at the precise clock. With 0 a slice never ends.
  void set_cost_of_a_look(MonoClock::duration cost) { cost_ = cost; }

  // A test hands its sockets to Shard::adopt(); only listening sockets of the kernel have any to accept. Such
  // a connection is closed, and a fake one stands in for it.
  reactor::Accepted accept(int listener_fd, int notsent_low_water_bytes) override {
    reactor::Accepted accepted = reactor::accept_from(listener_fd, notsent_low_water_bytes);
    if (const reactor::FileDescriptor real(accepted.fd); real) accepted.fd = open_socket();
    return accepted;
  }

  ReadResult read(int fd, std::span<char> into) override {
    FakeSocket& socket = used(fd);
    if (socket.broken) return {ReadResult::State::broken, 0};
    const std::size_t count = std::min({into.size(), socket.incoming.size(), socket.read_bytes_max});
    if (count == 0) return {socket.ended ? ReadResult::State::end : ReadResult::State::nothing_now, 0};
    std::memcpy(into.data(), socket.incoming.data(), count);
    socket.incoming.erase(0, count);
    return {ReadResult::State::bytes, count};
  }

  WriteResult write(int fd, const iovec* pieces, int count) override {
    using State = WriteResult::State;
    FakeSocket& socket = used(fd);
    EXPECT_FALSE(socket.shut_down) << "written after it was shut down";
    if (socket.broken) return {0, State::broken};
    std::size_t written = 0;
    for (int i = 0; i < count; ++i) {
      const std::size_t take = std::min(pieces[i].iov_len, socket.capacity);
      socket.received.append(static_cast<const char*>(pieces[i].iov_base), take);
      if (socket.capacity != FakeSocket::kEndless) socket.capacity -= take;
      written += take;
      socket.written += take;
      if (take < pieces[i].iov_len) {
        socket.was_short = true;
        return {written, written > 0 ? State::ok : State::blocked};
      }
    }
    return {written, State::ok};
  }

  void shut_down_writing(int fd) override { used(fd).shut_down = true; }
  void close(int fd) override { ++used(fd).closes; }
  void reset(int fd) override { ++used(fd).resets; }
  std::string peer_host(int fd) override { return used(fd).host; }
  SendState send_state(int fd) override {
    const FakeSocket& socket = used(fd);
    return {socket.written - socket.unacked, socket.unacked};
  }
  MonoTime precise_now() override { return loop_.now() + (looked_ += cost_); }

 private:
  FakeSocket& used(int fd) {
    FakeSocket& socket = sockets_.at(fd);
    EXPECT_TRUE(socket.is_open()) << "descriptor " << fd << " is used after its end";
    return socket;
  }

  const reactor::FakeLoop& loop_;
  std::map<int, FakeSocket> sockets_;
  int last_fd_ = 1000;
  MonoClock::duration cost_{0};
  MonoClock::duration looked_{0};
};

}  // namespace carillon::client::testing

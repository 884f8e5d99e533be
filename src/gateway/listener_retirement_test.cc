// With sockets of the kernel, which queues what connects to them, on fake time.
#include "gateway/listener_retirement.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "gateway/testing/recording_log.h"
#include "reactor/raw_address.h"
#include "reactor/reuseport_group.h"
#include "reactor/testing/fake_loop.h"

namespace carillon::gateway::testing {
namespace {

using client::Listener;
using reactor::FileDescriptor;
using reactor::SocketAddress;

class ListenerRetirementTest : public ::testing::Test, private reactor::IoHandler {
 protected:
  // Listens with `count` sockets, which become those of address `number`. They are added in another order.
  SocketAddress open(std::size_t number, std::size_t count) {
    SocketAddress address{"127.0.0.1", 0};
    std::vector<FileDescriptor> sockets;
    for (std::size_t i = 0; i < count; ++i) {
      sockets.push_back(std::move(*reactor::listen_on(address, 128)));
      address = *reactor::local_address(sockets.front().get());
    }
    for (std::size_t i = count; i-- > 0;) {
      client::ListenerOptions options;
      options.number = number;
      options.position = i;
      EXPECT_TRUE(listeners.add(std::move(sockets[i]), options));
    }
    return address;
  }
  FileDescriptor connect_to(const SocketAddress& address) {
    FileDescriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto raw = reactor::RawAddress::from(address);
    EXPECT_EQ(0, ::connect(client.get(), raw->get(), raw->size));
    return client;
  }
  Listener& at(std::size_t number, std::size_t position) {
    for (Listener& each : listeners.all()) {
      if (each.options.number == number && each.options.position == position) return each;
    }
    throw std::runtime_error("no such socket");
  }
  std::vector<std::size_t> positions_of(std::size_t number) {
    std::vector<std::size_t> open;
    for (const Listener& each : listeners.all()) {
      if (each.options.number == number) open.push_back(each.options.position);
    }
    std::sort(open.begin(), open.end());
    return open;
  }
  std::uint32_t waiting(std::size_t number, std::size_t position) {
    return reactor::waiting_connections(at(number, position).socket.get()).value();
  }
  void accept_all(std::size_t number, std::size_t position) {
    while (waiting(number, position) > 0) {
      const FileDescriptor accepted(reactor::accept_from(at(number, position).socket.get(), 1024).fd);
      ++at(number, position).accepted;
    }
  }
  void run_for(seconds time) {
    for (seconds at{0}; at < time; at += seconds(1)) {
      loop.advance(seconds(1));
      loop.settle();
    }
  }
  using Positions = std::vector<std::size_t>;

  reactor::FakeLoop loop;
  client::Listeners listeners{loop, *this};
  RecordingLog log;
  ListenerRetirement retirement{loop, listeners, 2, log};

 private:
  void on_io(std::uint32_t, std::uint32_t, std::uint32_t) override {}
};

TEST_F(ListenerRetirementTest, TheSocketsAfterTheFirstOnesAreClosedWhenTheyAreQuiet) {
  const SocketAddress address = open(0, 4);
  open(1, 2);
  retirement.begin();
  run_for(seconds(10));
  EXPECT_EQ(positions_of(0), (Positions{0, 1, 2, 3}));
  run_for(seconds(2));
  EXPECT_EQ(positions_of(0), (Positions{0, 1}));
  EXPECT_EQ(positions_of(1), (Positions{0, 1}));
  EXPECT_EQ(loop.watch_count(), 4U) << "a closed socket is not watched";
  EXPECT_EQ(loop.timer_count(), 0U);
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(connect_to(address));
  EXPECT_GT(waiting(0, 0), 0U);
  EXPECT_GT(waiting(0, 1), 0U);
}

TEST_F(ListenerRetirementTest, NewConnectionsGoToTheSocketsThatStay) {
  const SocketAddress address = open(0, 4);
  retirement.begin();
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(connect_to(address));
  EXPECT_EQ(waiting(0, 0) + waiting(0, 1), 64U);
}

TEST_F(ListenerRetirementTest, ASocketInWhoseQueueAConnectionWaitsStaysAndSoDoThoseBeforeIt) {
  const SocketAddress address = open(0, 4);
  std::vector<FileDescriptor> clients;
  while (waiting(0, 3) == 0) clients.push_back(connect_to(address));
  accept_all(0, 2);
  retirement.begin();
  run_for(seconds(60));
  EXPECT_EQ(positions_of(0), (Positions{0, 1, 2, 3}));
  accept_all(0, 3);
  run_for(seconds(12));
  EXPECT_EQ(positions_of(0), (Positions{0, 1}));
}

TEST_F(ListenerRetirementTest, NothingIsClosedWhileAnotherProcessMayTakeOver) {
  open(0, 3);
  retirement.begin();
  run_for(seconds(5));
  retirement.hold();
  run_for(ListenerRetirement::kHold - seconds(1));
  EXPECT_EQ(positions_of(0), (Positions{0, 1, 2}));
  run_for(seconds(12));
  EXPECT_EQ(positions_of(0), (Positions{0, 1}));
}

TEST_F(ListenerRetirementTest, WhenTheProcessListensNoMoreTheSteeringIsLeftToTheNextOne) {
  const SocketAddress address = open(0, 3);
  std::vector<FileDescriptor> copies;
  for (std::size_t i = 0; i < 3; ++i) copies.emplace_back(::dup(at(0, i).socket.get()));
  retirement.begin();
  listeners.close_all();
  run_for(seconds(20));
  EXPECT_EQ(loop.timer_count(), 0U);
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(connect_to(address));
  EXPECT_EQ(reactor::waiting_connections(copies[2].get()), 0U);
}

TEST_F(ListenerRetirementTest, AnAddressWithoutExtraSocketsLosesTheSteeringOfTheProcessBefore) {
  const SocketAddress address = open(0, 2);
  ASSERT_TRUE(reactor::steer_to_first(at(0, 0).socket.get(), 1));
  retirement.begin();
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(connect_to(address));
  EXPECT_GT(waiting(0, 1), 0U);
}

TEST_F(ListenerRetirementTest, SocketsThatGoOnGettingConnectionsStayAndTheLogSaysSo) {
  const SocketAddress address = open(0, 3);
  std::swap(at(0, 0).socket, at(0, 2).socket);  // not the order of the kernel
  retirement.begin();
  for (seconds at_{0}; at_ < RetirementDecision::kGiveUpAfter; at_ += seconds(1)) {
    ++at(0, 2).accepted;
    run_for(seconds(1));
  }
  run_for(seconds(1));
  EXPECT_EQ(positions_of(0), (Positions{0, 1, 2}));
  EXPECT_EQ(loop.timer_count(), 0U);
  ASSERT_FALSE(log.lines.empty());
  EXPECT_NE(log.lines.back().find("still get connections"), std::string::npos) << log.lines.back();
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(connect_to(address));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_GT(waiting(0, i), 0U) << "all of them are used again";
}

}  // namespace
}  // namespace carillon::gateway::testing

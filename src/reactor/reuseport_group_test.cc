// With sockets of the kernel: what it does with a group is its own affair.
#include "reactor/reuseport_group.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <vector>

#include "reactor/listener.h"
#include "reactor/raw_address.h"

namespace carillon::reactor {
namespace {

constexpr int kBacklog = 128;
constexpr int kConnects = 64;

std::vector<FileDescriptor> group_of(std::size_t count) {
  std::vector<FileDescriptor> sockets;
  SocketAddress address{"127.0.0.1", 0};
  for (std::size_t i = 0; i < count; ++i) {
    sockets.push_back(std::move(*listen_on(address, kBacklog)));
    address = *local_address(sockets.front().get());
  }
  return sockets;
}

// The clients stay connected, so that they wait in the queues.
std::vector<FileDescriptor> connect_to(const SocketAddress& address) {
  std::vector<FileDescriptor> clients;
  const auto raw = RawAddress::from(address);
  for (int i = 0; i < kConnects; ++i) {
    FileDescriptor client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(0, ::connect(client.get(), raw->get(), raw->size));
    clients.push_back(std::move(client));
  }
  return clients;
}

std::vector<bool> which_have_waiting(const std::vector<FileDescriptor>& sockets) {
  std::vector<bool> have;
  for (const FileDescriptor& each : sockets) have.push_back(waiting_connections(each.get()).value() > 0);
  return have;
}

TEST(ReuseportGroup, TheFirstSocketsGetAllNewConnections) {
  const auto sockets = group_of(4);
  ASSERT_TRUE(steer_to_first(sockets[3].get(), 2));
  const auto clients = connect_to(*local_address(sockets[0].get()));
  EXPECT_EQ(which_have_waiting(sockets), (std::vector<bool>{true, true, false, false}));
  EXPECT_EQ(*waiting_connections(sockets[0].get()) + *waiting_connections(sockets[1].get()), kConnects);
}

TEST(ReuseportGroup, ClosingTheLastSocketsKeepsTheOrderOfTheOthers) {
  auto sockets = group_of(4);
  ASSERT_TRUE(steer_to_first(sockets[0].get(), 2));
  sockets.pop_back();
  sockets.pop_back();
  const SocketAddress address = *local_address(sockets[0].get());
  sockets.push_back(std::move(*listen_on(address, kBacklog)));
  const auto clients = connect_to(address);
  EXPECT_EQ(which_have_waiting(sockets), (std::vector<bool>{true, true, false}));
}

TEST(ReuseportGroup, AnotherCallReplacesTheSteeringAndItsEndUsesAllSockets) {
  const auto sockets = group_of(3);
  const SocketAddress address = *local_address(sockets[0].get());
  stop_steering(sockets[0].get());  // nothing is set yet
  ASSERT_TRUE(steer_to_first(sockets[0].get(), 1));
  const auto first = connect_to(address);
  EXPECT_EQ(which_have_waiting(sockets), (std::vector<bool>{true, false, false}));
  ASSERT_TRUE(steer_to_first(sockets[1].get(), 2));
  const auto second = connect_to(address);
  EXPECT_EQ(which_have_waiting(sockets), (std::vector<bool>{true, true, false}));
  stop_steering(sockets[2].get());
  const auto third = connect_to(address);
  EXPECT_EQ(which_have_waiting(sockets), (std::vector<bool>{true, true, true}));
}

TEST(ReuseportGroup, WhatIsNoSocketIsAnErrorAndHasNoQueue) {
  EXPECT_FALSE(steer_to_first(-1, 2));
  EXPECT_EQ(waiting_connections(-1), std::nullopt);
  stop_steering(-1);
}

}  // namespace
}  // namespace carillon::reactor

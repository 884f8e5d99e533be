// When descriptors or places run out: which connection is closed, and what is still accepted.
#include "client/accept_gate.h"

#include <gtest/gtest.h>

#include <vector>

namespace carillon::client {
namespace {

using Next = AcceptGate::Next;
constexpr std::uint64_t kLimit = 40;
constexpr std::uint64_t kRoom = kLimit - 10 - 4;  // without what is open, and reserved

struct Gate {
  explicit Gate(std::uint64_t http_connections_max = 1000) : http({http_connections_max, std::nullopt}) {
    gate.begin(std::make_shared<reactor::DescriptorBudget>(10, 4));
  }
  void add_websockets(std::uint64_t count) {
    while (count-- > 0) gate.descriptors().add_client();
  }
  HttpConnections::Place& add_http() {
    gate.descriptors().add_client();
    const auto index = static_cast<HttpConnections::Index>(places.size());
    return places.emplace_back(http.enter(index, now));
  }
  Next next() { return gate.next(kLimit, now); }

  MonoTime now{};
  HttpConnections http;
  AcceptGate gate{http};
  std::vector<HttpConnections::Place> places;
};

TEST(AcceptGate, AcceptsUntilOnlyTheReserveIsLeft) {
  Gate gate;
  gate.add_websockets(kRoom - 1);
  EXPECT_EQ(gate.next(), Next::accept);
  EXPECT_FALSE(gate.gate.is_short());
  gate.add_websockets(1);
  EXPECT_EQ(gate.next(), Next::accept_essential);
  EXPECT_TRUE(gate.gate.is_short());
  gate.gate.descriptors().remove_client();
  EXPECT_EQ(gate.next(), Next::accept);
}

TEST(AcceptGate, AnIdleHttpConnectionGivesItsDescriptorToANewClient) {
  Gate gate;
  gate.add_websockets(kRoom - 1);
  auto& idle = gate.add_http();
  idle.note_request();
  idle.note_idle(gate.now);
  EXPECT_EQ(gate.next(), Next::close_one);
  EXPECT_EQ(gate.gate.to_close(), 0U);
}

TEST(AcceptGate, ANewConnectionIsNotClosedInItsFirstSecond) {
  Gate gate;
  gate.add_websockets(kRoom - 1);
  gate.add_http();
  EXPECT_EQ(gate.next(), Next::wait);
  gate.now += HttpConnections::kPatience;
  EXPECT_EQ(gate.next(), Next::close_one);
}

TEST(AcceptGate, AcceptsNothingWhileHttpConnectionsAreAtTheirLimit) {
  Gate gate(2);
  gate.add_http().note_request();
  EXPECT_EQ(gate.next(), Next::accept);
  gate.add_http();
  gate.places.back().note_request();
  EXPECT_EQ(gate.next(), Next::accept_essential);
  EXPECT_FALSE(gate.gate.is_short()) << "of descriptors";
  gate.places.pop_back();  // it is a WebSocket now
  EXPECT_EQ(gate.next(), Next::accept);
}

TEST(AcceptGate, AcceptsEssentialRequestsOneAtATime) {
  Gate gate;
  gate.add_websockets(kRoom);
  EXPECT_EQ(gate.next(), Next::accept_essential);
  {
    const auto lease = gate.gate.lend_spare();
    EXPECT_EQ(gate.next(), Next::wait);
  }
  EXPECT_EQ(gate.next(), Next::accept_essential);
}

TEST(AcceptGate, TreatsAFailedAcceptLikeAnExhaustedBudget) {
  Gate gate;
  gate.gate.note_none_left();
  EXPECT_EQ(gate.next(), Next::accept_essential);
  auto& idle = gate.add_http();
  idle.note_request();
  idle.note_idle(gate.now);
  gate.gate.note_none_left();
  EXPECT_EQ(gate.next(), Next::close_one);
  EXPECT_EQ(gate.next(), Next::accept) << "one is closed, and there may be one now";
}

}  // namespace
}  // namespace carillon::client

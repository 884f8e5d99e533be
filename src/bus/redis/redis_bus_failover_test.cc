// RedisBus when another server takes the place of the one that its connections stand on.
#include <gtest/gtest.h>

#include "bus/redis/testing/redis_bus_stage.h"

namespace carillon::bus {
namespace {

using testing::ScriptedStream;
using testing::server_answer;
using Fixture = testing::RedisBusStage;

TEST(RedisBus, APublisherOnAnotherServerThanTheNewSubscriberReconnects) {
  Fixture f(seconds(5));
  f.bus->start();
  f.answer_subscriber(server_answer("aaaa"));
  f.answer_publisher(server_answer("aaaa"));
  f.pass_probe(f.stream(0), f.stream(1));
  ASSERT_EQ(f.bus->status().state, BusState::up);
  f.hang_up(f.stream(0));
  f.redial();
  f.answer_subscriber(server_answer("bbbb"));
  EXPECT_EQ(f.script.live[1], nullptr) << "the publisher on the old server is given up at once";
  EXPECT_EQ(f.bus->counters().failovers_to_other.load(), 1U);
  f.answer_publisher(server_answer("bbbb"));
  f.pass_probe(f.stream(2), f.stream(3));
  EXPECT_EQ(f.bus->status().state, BusState::up);
  EXPECT_EQ(f.sink.gaps, 1);
}

TEST(RedisBus, TheAddressCheckFindsAFailoverAndBothConnectionsAreReopened) {
  Fixture f(seconds(5));
  f.bus->start();
  f.answer_subscriber(server_answer("aaaa"));
  f.answer_publisher(server_answer("aaaa"));
  f.pass_probe(f.stream(0), f.stream(1));
  f.loop.advance(seconds(5));
  ASSERT_EQ(f.script.dials, 3U);
  f.newest().handler.on_connected();
  f.answer(f.newest(), "+OK\r\n" + server_answer("bbbb"));
  EXPECT_EQ(f.bus->status().state, BusState::down);
  EXPECT_EQ(f.script.live, (std::vector<ScriptedStream*>{nullptr, nullptr, nullptr}));
  f.redial();
  f.answer_subscriber(server_answer("bbbb"));
  f.answer_publisher(server_answer("bbbb"));
  f.pass_probe(f.stream(3), f.stream(4));
  EXPECT_EQ(f.bus->status().state, BusState::up);
  EXPECT_EQ(f.sink.gaps, 1);
}

}  // namespace
}  // namespace carillon::bus

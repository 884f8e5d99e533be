#include "client/http_connections.h"

#include <gtest/gtest.h>

#include <map>
#include <string_view>

namespace carillon::client {
namespace {

using Index = HttpConnections::Index;

IpAddress address(std::string_view text) { return *IpAddress::parse(text); }

// Connections by index, on fake time.
struct Crowd {
  explicit Crowd(std::uint64_t most, std::optional<std::uint64_t> of_one = std::nullopt)
      : http({most, of_one}) {}

  void enter(Index index, std::string_view from = {}) {
    places[index] = http.enter(index, now);
    if (!from.empty()) http.count_for(places[index], address(from));
  }
  void leave(Index index) { places.erase(index); }
  std::optional<Index> first() const { return http.first_to_close(now); }
  std::optional<Index> first_of(std::string_view text) const {
    return http.first_to_close_of(address(text), now);
  }

  MonoTime now{};
  HttpConnections http;
  std::map<Index, HttpConnections::Place> places;
};

TEST(HttpConnections, IsFullAtItsLimit) {
  Crowd crowd(3);
  crowd.enter(1);
  crowd.enter(2);
  EXPECT_TRUE(crowd.http.has_room());
  crowd.enter(3);
  EXPECT_FALSE(crowd.http.has_room());
  crowd.leave(2);
  EXPECT_TRUE(crowd.http.has_room());
  EXPECT_EQ(crowd.http.size(), 2U);
}

TEST(HttpConnections, TheOneThatHasBeenIdleLongestIsClosedFirst) {
  Crowd crowd(10);
  for (const Index each : {1U, 2U, 3U}) crowd.enter(each);
  for (const Index each : {2U, 3U, 1U}) {
    crowd.places[each].note_request();
    crowd.places[each].note_idle(crowd.now);
  }
  EXPECT_EQ(crowd.first(), 2U);
  crowd.places[2].note_request();
  EXPECT_EQ(crowd.first(), 3U);
  crowd.places[2].note_idle(crowd.now);
  crowd.leave(3);
  EXPECT_EQ(crowd.first(), 1U);
}

TEST(HttpConnections, AConnectionInARequestIsNeverClosed) {
  Crowd crowd(10);
  crowd.enter(1);
  crowd.places[1].note_request();
  crowd.now += seconds(100);
  EXPECT_EQ(crowd.first(), std::nullopt);
  EXPECT_FALSE(crowd.http.some_wait());
}

TEST(HttpConnections, AWaitingConnectionIsClosedAfterASecondWhenNoneIsIdle) {
  Crowd crowd(10);
  crowd.enter(1);
  crowd.now += HttpConnections::kPatience - milliseconds(1);
  EXPECT_EQ(crowd.first(), std::nullopt);
  EXPECT_TRUE(crowd.http.some_wait());
  crowd.enter(2);
  crowd.now += milliseconds(1);
  EXPECT_EQ(crowd.first(), 1U);
  crowd.places[2].note_request();
  crowd.places[2].note_idle(crowd.now);
  EXPECT_EQ(crowd.first(), 2U);
}

TEST(HttpConnections, WaitingConnectionsGetANewSecondAfterAStall) {
  Crowd crowd(10);
  crowd.enter(1);
  crowd.now += seconds(100);
  crowd.http.note_stall(crowd.now);
  crowd.now += HttpConnections::kPatience - milliseconds(1);
  EXPECT_EQ(crowd.first(), std::nullopt);
  crowd.now += milliseconds(1);
  EXPECT_EQ(crowd.first(), 1U);
}

TEST(HttpConnections, AKeptAliveConnectionIsNotIdleOnceAHeadBegins) {
  Crowd crowd(10);
  crowd.enter(1);
  crowd.places[1].note_request();
  crowd.places[1].note_idle(crowd.now);
  crowd.places[1].note_partial_head();
  EXPECT_FALSE(crowd.places[1].is_idle());
  EXPECT_EQ(crowd.first(), std::nullopt);
  crowd.now += HttpConnections::kPatience;
  EXPECT_EQ(crowd.first(), 1U) << "drips do not keep it";
}

TEST(HttpConnections, AnAddressIsFullAtItsLimit) {
  Crowd crowd(10, 2);
  crowd.enter(1, "192.0.2.1");
  EXPECT_TRUE(crowd.http.has_room_for(address("192.0.2.1")));
  crowd.enter(2, "192.0.2.1");
  EXPECT_FALSE(crowd.http.has_room_for(address("192.0.2.1")));
  EXPECT_TRUE(crowd.http.has_room_for(address("192.0.2.2")));
  crowd.leave(1);
  EXPECT_TRUE(crowd.http.has_room_for(address("192.0.2.1")));
}

TEST(HttpConnections, TheLongestIdleConnectionOfTheAddressIsClosed) {
  Crowd crowd(10, 3);
  crowd.enter(9, "192.0.2.9");
  for (const Index each : {1U, 2U, 3U}) crowd.enter(each, "192.0.2.1");
  EXPECT_EQ(crowd.first_of("192.0.2.1"), std::nullopt) << "all have just come";
  for (const Index each : {9U, 3U, 2U}) {
    crowd.now += milliseconds(1);
    crowd.places[each].note_request();
    crowd.places[each].note_idle(crowd.now);
  }
  EXPECT_EQ(crowd.first_of("192.0.2.1"), 3U);
  EXPECT_EQ(crowd.first_of("192.0.2.2"), std::nullopt);
  crowd.leave(3);
  crowd.leave(2);
  crowd.now += HttpConnections::kPatience;
  EXPECT_EQ(crowd.first_of("192.0.2.1"), 1U) << "it sends nothing";
}

TEST(HttpConnections, AReleasedConnectionNoLongerCountsForItsAddress) {
  Crowd crowd(1000, 100);
  for (Index i = 0; i < 300; ++i) crowd.enter(i, "192.0.2." + std::to_string(i % 3));
  for (Index i = 0; i < 300; i += 2) crowd.leave(i);
  crowd.now += HttpConnections::kPatience;
  for (Index i = 1; i < 300; i += 2) {
    const std::string from = "192.0.2." + std::to_string(i % 3);
    EXPECT_TRUE(crowd.first_of(from).has_value()) << i;
    crowd.leave(*crowd.first_of(from));
  }
  EXPECT_EQ(crowd.http.size(), 0U);
  for (const auto* from : {"192.0.2.0", "192.0.2.1", "192.0.2.2"})
    EXPECT_EQ(crowd.first_of(from), std::nullopt);
}

}  // namespace
}  // namespace carillon::client

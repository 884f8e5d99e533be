// Which events of a publish request are reported, and under which reason.
#include "api/undelivered.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "config/test_environment.h"

namespace carillon::api {
namespace {

using Names = std::vector<std::string>;

// Two endpoints carry shared.*: one wants an object with a string /event, the other known values of /kind.
constexpr std::string_view kEndpoints = R"toml(
[[endpoint]]
name = "strict"
profile = "empty.toml"
path = "/strict"
[endpoint.auth]
mode = "none"
[endpoint.source]
channels = ["strict.*", "shared.*"]
require = { "" = "object", "/event" = "string" }
[endpoint.frames]
event = '$body'
[[endpoint]]
name = "kinds"
profile = "empty.toml"
path = "/kinds"
[endpoint.auth]
mode = "none"
[endpoint.source]
channels = ["kinds.*", "shared.*"]
[endpoint.select]
by = "query:kinds"
value = "/kind"
known = ["a", "b"]
[endpoint.frames]
event = '$body'
)toml";

Undelivered undelivered_of(const std::vector<PublishEvent>& events) {
  config::FakeWorld world = config::good_world();
  world.files["empty.toml"] = "";
  const config::Loaded loaded = config::load_in(world, kEndpoints);
  for (const config::Problem& problem : loaded.errors) ADD_FAILURE() << problem.text();
  const protocol::EndpointTable endpoints(protocol::compile_endpoints(loaded.settings).endpoints);
  EXPECT_EQ(endpoints.size(), 2U);
  return Undelivered::of(events, endpoints);
}

// The reason for one event; empty: a client can receive it.
std::string reason_of(const std::string& channel, const std::string& data) {
  const Undelivered all = undelivered_of({{channel, data}});
  std::string reasons;
  for (std::size_t i = 0; i < static_cast<std::size_t>(UndeliveredReason::count); ++i) {
    const auto reason = static_cast<UndeliveredReason>(i);
    if (all.channels(reason).empty()) continue;
    EXPECT_EQ(all.channels(reason), Names{channel});
    reasons += name_of(reason);
  }
  return reasons;
}

// Regression: an event for a channel that no endpoint carries was answered like any other.
TEST(Undelivered, ChannelsThatNoEndpointCarriesAreNamedOnce) {
  const Undelivered all = undelivered_of(
      {{"strict.a", R"({"event":"x"})"}, {"strikt.a", "1"}, {"strikt.b", "1"}, {"strikt.a", "1"}});
  EXPECT_EQ(all.channels(UndeliveredReason::unrouted), (Names{"strikt.a", "strikt.b"}));
  EXPECT_EQ(all.events_unrouted(), 3U);
}

// Regression: an event that every endpoint drops was answered like any other.
TEST(Undelivered, AnEventThatEveryEndpointDropsIsReportedWithItsReason) {
  struct Row {
    std::string channel, data, reason;
  };
  const Row rows[] = {
      {"strict.a", R"({"event":"x"})", ""},
      {"strict.a", R"({"event":1})", "requirement_failed"},
      {"strict.a", "[]", "requirement_failed"},
      {"kinds.a", R"({"kind":"a"})", ""},
      {"kinds.a", R"({"kind":"c"})", "not_selectable"},
      {"kinds.a", "{}", "not_selectable"},
      {"other.a", "{}", "unrouted"},
      // One endpoint that accepts the event is enough.
      {"shared.a", R"({"event":"x"})", ""},
      {"shared.a", R"({"kind":"a"})", ""},
      {"shared.a", R"({"kind":"c"})", "not_selectable"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(reason_of(row.channel, row.data), row.reason) << row.channel << row.data;
}

TEST(Undelivered, TheListOfEachReasonIsBounded) {
  const struct {
    UndeliveredReason reason;
    std::string prefix;
  } rows[] = {{UndeliveredReason::unrouted, "other."},
              {UndeliveredReason::requirement_failed, "strict."},
              {UndeliveredReason::not_selectable, "kinds."}};
  for (const auto& [reason, prefix] : rows) {
    for (const std::size_t count :
         {kUndeliveredNamesMax - 1, kUndeliveredNamesMax, kUndeliveredNamesMax + 1}) {
      std::vector<PublishEvent> events;
      for (std::size_t i = 0; i < count; ++i) events.push_back({prefix + std::to_string(i), "{}"});
      const Undelivered all = undelivered_of(events);
      EXPECT_EQ(all.channels(reason).size(), std::min(count, kUndeliveredNamesMax));
      EXPECT_EQ(all.events_unrouted(), reason == UndeliveredReason::unrouted ? count : 0U);
    }
  }
}

}  // namespace
}  // namespace carillon::api

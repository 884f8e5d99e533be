#include "app/dev/samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace carillon::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr WallTime kNow{milliseconds(1'800'000'000'123)};  // 2027-01-15T08:00:00.123Z

// The endpoints of a configuration that has these profiles: names of built-in ones, or texts of own.
Samples::Endpoints endpoints_with(const std::vector<std::string>& profiles) {
  std::string toml = "[keys.main]\nalgorithms = [\"HS256\"]\nsecret = \"0123456789abcdef0123456789abcdef\"\n";
  for (std::size_t i = 0; i < profiles.size(); ++i) {
    const bool is_own = profiles[i].find('=') != std::string::npos;
    toml +=
        "[[endpoint]]\nprofile = \"" + (is_own ? "own" + std::to_string(i) + ".toml" : profiles[i]) + "\"\n";
  }
  config::Environment environment{[](std::string_view) { return std::nullopt; },
                                  [&](std::string_view path) -> Result<std::string> {
                                    return profiles[std::stoul(std::string(path.substr(3)))];
                                  }};
  const config::Loaded loaded = config::load(toml, "gateway.toml", environment);
  for (const config::Problem& error : loaded.errors) ADD_FAILURE() << error.text();
  return protocol::compile_endpoints(loaded.settings).endpoints;
}

const std::string kOwn = "path = \"/own\"\nauth.mode = \"none\"\n";

// The first sample for a profile of one's own with these lines; "none" when there is none.
std::string sample_with(const std::string& lines) {
  const auto endpoints = endpoints_with({kOwn + lines});
  const auto sample = make_sample(*endpoints.front(), 7);
  return sample ? sample->line() : "none";
}

const std::string kVerbatim = "frames.event = '$body'\n";

TEST(MakeSample, IsAnObjectWhereTheProfileAsksForNothing) {
  EXPECT_EQ(sample_with(kVerbatim + "source.channels = [\"own.*\"]"),
            R"({"channel":"own.sample","data":{"n":7,"text":"A sample event"}})");
}

TEST(MakeSample, HasTheRequiredMembersWithTheirTypes) {
  EXPECT_EQ(
      sample_with(kVerbatim + "source = { channels = [\"own\"], require = { \"/a\" = \"string\", "
                              "\"/b/c\" = \"number\", \"/d\" = \"boolean?\", \"/e\" = \"array\", "
                              "\"/f\" = \"object\", \"/g~1h\" = \"null\" } }"),
      R"({"channel":"own","data":{"a":"sample","b":{"c":7},"d":true,"e":[7],"f":{"n":7},"g/h":null,"n":7}})");
}

TEST(MakeSample, HasTheMembersThatAFrameShows) {
  EXPECT_EQ(sample_with("frames.event = '{\"kind\":$body/kind,\"who\":[$body/user/name]}'\n"
                        "source.channels = [\"own.*\"]"),
            R"({"channel":"own.sample","data":{"kind":"sample","n":7,"user":{"name":"sample"}}})");
}

TEST(MakeSample, IsWhatClientsWithoutASelectionReceive) {
  EXPECT_EQ(
      sample_with(kVerbatim + "source.channels = [\"own.*\"]\nselect = { by = \"query:topics\", value = "
                              "\"/topic\", otherwise = [\"lobby\"] }"),
      R"({"channel":"own.sample","data":{"n":7,"topic":"lobby"}})");
  EXPECT_EQ(sample_with(kVerbatim + "source.channels = [\"own.*\"]\nselect = { by = \"query:types\", known = "
                                    "[\"a\", \"b\"], otherwise = [\"b\"] }"),
            R"({"channel":"own.b","data":{"n":7,"text":"A sample event"}})");
}

TEST(MakeSample, CanBeAnythingThatIsRequired) {
  EXPECT_EQ(sample_with(kVerbatim + "source = { channels = [\"own\"], require = { \"\" = \"string\" } }"),
            R"({"channel":"own","data":"sample"})");
  EXPECT_EQ(sample_with(kVerbatim + "source = { channels = [\"own\"], require = { \"\" = \"array\", \"/0\" = "
                                    "\"number\" } }"),
            R"({"channel":"own","data":[7]})");
}

TEST(MakeSample, IsNotMadeWhereNoEventCanMeetTheRequirements) {
  EXPECT_EQ(sample_with(kVerbatim + "source = { channels = [\"own\"], require = { \"/a\" = \"string\", "
                                    "\"/a/b\" = \"string\" } }"),
            "none");
}

TEST(SamplesOf, EveryProtocolGetsOneASecond) {
  const auto endpoints = endpoints_with(
      {"orion", "service", "fluxora", "grimnir", kOwn + "source.channels = [\"own\"]\n" + kVerbatim});
  Samples samples(endpoints);
  for (int second = 0; second < 30; ++second) {
    const std::vector<Sample> events = samples.next(kNow);
    EXPECT_EQ(events.size(), 5U);
    for (const auto& endpoint : endpoints) {
      EXPECT_EQ(std::count_if(events.begin(), events.end(),
                              [&](const Sample& each) { return accepts(*endpoint, each); }),
                1)
          << endpoint->settings.name;
    }
  }
}

// Regression: they were dated 2026-01-01 on every day.
TEST(SamplesOf, TheTimesInTheEventsAreCurrent) {
  const auto endpoints = endpoints_with({"fluxora", "grimnir"});
  Samples samples(endpoints);
  std::string all;
  for (int second = 0; second < 30; ++second) {
    for (const Sample& each : samples.next(kNow)) all += each.line();
  }
  for (const char* name : {"fluxora", "grimnir"}) {
    for (const Sample& each : samples.examples_of(name, kNow)) all += each.line();
    all += samples.example_of(name, kNow)->line();
  }
  EXPECT_THAT(all, Not(HasSubstr("2026-01-01")));
  EXPECT_THAT(all, HasSubstr(R"("timestamp":"2027-01-15T08:00:00.123Z")"));
  EXPECT_THAT(all, HasSubstr(R"("starts_at":"2027-01-15T08:00:00Z")"));
}

TEST(SamplesOf, AProtocolThatReceivesEveryEventHasSamplesOfItsOwn) {
  const auto endpoints = endpoints_with({"carillon", "fluxora", "grimnir", "orion", "service",
                                         kOwn + "source.channels = [\"own.*\"]\n" + kVerbatim});
  Samples samples(endpoints);
  EXPECT_EQ(samples.channel_of("carillon"), "orders.42");
  for (int second = 0; second < 5; ++second) {
    std::vector<std::string> channels;
    for (const Sample& each : samples.next(kNow))
      channels.push_back(each.channel.substr(0, each.channel.find('.')));
    EXPECT_THAT(channels,
                ::testing::UnorderedElementsAre("fluxora", "grimnir", "orders", "orion", "own", "service"));
  }
}

TEST(SamplesOf, ProtocolsWithTheSameEventsShareThem) {
  const auto endpoints = endpoints_with({kOwn + "source.channels = [\"orion.*\"]\n" + kVerbatim, "orion"});
  Samples samples(endpoints);
  EXPECT_EQ(samples.next(kNow).size(), 1U);
  EXPECT_THAT(samples.example_of("own0", kNow)->channel, ::testing::StartsWith("orion."));
  EXPECT_FALSE(samples.example_of("unused", kNow).has_value());
}

}  // namespace
}  // namespace carillon::app

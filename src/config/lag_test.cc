// What the configuration says of lag.overrides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "config/lag_kind.h"
#include "config/load.h"
#include "config/test_environment.h"
#include "config/test_messages.h"

namespace carillon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Line 3 is the first one.
constexpr std::string_view kByCommand =
    "select.by = \"commands\"\ncommands.name = \"/type\"\ncommands.subscribe.is = \"s\"\n"
    "commands.subscribe.channel = \"/channel\"\nframes.gap = '{}'\n";

std::vector<std::string> errors(const std::string& lines) {
  return texts_of(load_good(orion_with(lines)).errors);
}

std::vector<std::string> errors_of(const std::string& table) {
  return errors(std::string(kByCommand) + "lag.overrides = [" + table + "]");
}

TEST(LagOverrides, AreReadInTheirOrder) {
  const Loaded loaded = load_good(orion_with(
      std::string(kByCommand) +
      "[[endpoint.lag.overrides]]\nchannels = [\"ticks.*\", \"book.*\"]\npolicy = \"latest\"\n"
      "bytes_max = \"64KiB\"\n[[endpoint.lag.overrides]]\nchannels = [\"*\"]\npolicy = \"disconnect\"\n"));
  ASSERT_THAT(texts_of(loaded.errors), IsEmpty());
  const auto& overrides = loaded.settings.endpoints[0].lag.overrides;
  ASSERT_EQ(overrides.size(), 2U);
  EXPECT_THAT(overrides[0].channels, ElementsAre("ticks.*", "book.*"));
  EXPECT_EQ(overrides[0].policy, LagPolicy::latest);
  EXPECT_EQ(overrides[0].bytes_max, 65'536U);
  EXPECT_EQ(overrides[1].policy, LagPolicy::disconnect);
  EXPECT_EQ(overrides[1].bytes_max, 0U);
}

TEST(LagOverrides, AProfileMayHaveThemAndAnArrayOfTheEndpointReplacesThem) {
  FakeWorld world = good_world();
  world.files["mine.toml"] = "path = \"/mine\"\nauth.mode = \"none\"\n" + std::string(kByCommand) +
                             "[[lag.overrides]]\nchannels = [\"a\"]\npolicy = \"latest\"\n";
  const std::string endpoint = "[[endpoint]]\nprofile = \"mine.toml\"\n";
  const Loaded profile = load_in(world, endpoint);
  ASSERT_THAT(texts_of(profile.errors), IsEmpty());
  ASSERT_EQ(profile.settings.endpoints[0].lag.overrides.size(), 1U);
  EXPECT_EQ(profile.settings.endpoints[0].lag.overrides[0].policy, LagPolicy::latest);
  EXPECT_THAT(load_in(world, endpoint + "lag.overrides = []\n").settings.endpoints[0].lag.overrides,
              IsEmpty());
}

TEST(LagOverrides, AWrongEntryIsReportedAtItsOwnKey) {
  EXPECT_THAT(errors_of("5"),
              ElementsAre("gateway.toml:8: endpoint[0].lag.overrides[0]: expected a table, got an integer; "
                          "write { channels = [\"ticks.*\"], policy = \"latest\" }"));
  EXPECT_THAT(errors(std::string(kByCommand) + "lag.overrides = { policy = \"latest\" }").front(),
              HasSubstr("endpoint[0].lag.overrides: expected an array such as [{ channels = [\"ticks.*\"]"));
  EXPECT_THAT(errors_of("{ channels = [\"a\"] }"),
              ElementsAre("gateway.toml:8: endpoint[0].lag.overrides[0].policy: is missing; write "
                          "\"disconnect\", \"skip\" or \"latest\""));
  EXPECT_THAT(
      errors_of("{ channels = [\"a\"], policy = \"skp\" }"),
      ElementsAre("gateway.toml:8: endpoint[0].lag.overrides[0].policy: \"skp\" is unknown; did you mean "
                  "\"skip\"?"));
  for (const auto* none : {"", "channels = [], "}) {
    EXPECT_THAT(
        errors_of("{ " + std::string(none) + "policy = \"skip\" }"),
        ElementsAre("gateway.toml:8: endpoint[0].lag.overrides[0].channels: has no pattern; write the "
                    "channels that it is for, such as [\"ticks.*\"]"));
  }
  EXPECT_THAT(errors_of("{ channels = [\"a\"], policy = \"skip\" }, "
                        "{ channels = [\"a**\"], policy = \"skip\", grace = \"1s\" }"),
              ElementsAre(HasSubstr("lag.overrides[1].grace: unknown key"),
                          HasSubstr("lag.overrides[1].channels[0]: ")));
}

TEST(LagOverrides, TheBytesOfAChannelThatClosesAreRefused) {
  EXPECT_THAT(errors_of("{ channels = [\"a\"], policy = \"disconnect\", bytes_max = 1024 }"),
              ElementsAre("gateway.toml:8: endpoint[0].lag.overrides[0].bytes_max: has no use with "
                          "\"disconnect\", because the channels that close a client count together; write "
                          "lag.bytes_max, or \"skip\" or \"latest\""));
}

TEST(LagOverrides, TheBytesAreFromAKibibyteToAGibibyte) {
  for (const char* bytes : {"1024", "1025", "1073741823", "1073741824", "\"auto\""}) {
    EXPECT_THAT(
        errors_of("{ channels = [\"a\"], policy = \"skip\", bytes_max = " + std::string(bytes) + " }"),
        IsEmpty())
        << bytes;
  }
  for (const char* bytes : {"0", "1023", "1073741825"}) {
    EXPECT_THAT(
        errors_of("{ channels = [\"a\"], policy = \"skip\", bytes_max = " + std::string(bytes) + " }"),
        ElementsAre(HasSubstr("lag.overrides[0].bytes_max")))
        << bytes;
  }
}

TEST(LagOverrides, ThereAreAtMostSixteen) {
  for (const std::size_t count : {kLagOverridesMax - 1, kLagOverridesMax, kLagOverridesMax + 1}) {
    std::string entries;
    for (std::size_t i = 0; i < count; ++i) entries += "{ channels = [\"a\"], policy = \"latest\" },";
    EXPECT_EQ(errors_of(entries).size(), count > kLagOverridesMax ? 1U : 0U) << count;
  }
}

TEST(LagOverrides, NeedClientsThatSubscribeToChannels) {
  EXPECT_THAT(
      errors("lag.overrides = [{ channels = [\"a\"], policy = \"disconnect\" }]"),
      ElementsAre("gateway.toml:3: endpoint[0].lag.overrides: have no use where clients do not subscribe to "
                  "channels; write lag.policy for all events, or select.by = \"commands\""));
}

TEST(LagOverrides, SkippingNeedsAFrameThatReportsIt) {
  const std::string without_gap(kByCommand.substr(0, kByCommand.find("frames.gap")));
  const std::string entries =
      "lag.overrides = [\n{ channels = [\"a\"], policy = \"latest\" },\n"
      "{ channels = [\"b\"], policy = \"skip\" }]\n";
  EXPECT_THAT(errors(without_gap + entries),
              ElementsAre("gateway.toml:9: endpoint[0].lag.overrides[1].policy: \"skip\" needs a frame that "
                          "reports the gap to the client, and this protocol has none; write frames.gap, or "
                          "\"latest\""));
  EXPECT_THAT(errors(without_gap + entries + "frames.gap = '{}'\n"), IsEmpty());
}

TEST(LagOverrides, MoreThanTheBudgetOfAllIsWarnedOf) {
  for (const int off : {-1, 0, 1}) {
    const std::string bytes = std::to_string(16 * 1024 * 1024 + off);
    const Loaded loaded = load_good(orion_with(
        std::string(kByCommand) + "lag.overrides = [{ channels = [\"a\"], policy = \"latest\", bytes_max = " +
        bytes + " }]\n[server]\nbacklog_bytes_max = \"16MiB\"\n"));
    EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
    const auto warnings = texts_of(loaded.warnings);
    const std::string warning = "gateway.toml:8: endpoint[0].lag.overrides[0].bytes_max: " + bytes +
                                " is never reached, because server.backlog_bytes_max is 16777216; write at "
                                "most that";
    EXPECT_EQ(std::count(warnings.begin(), warnings.end(), warning), off > 0 ? 1 : 0) << off;
  }
}

}  // namespace
}  // namespace carillon::config

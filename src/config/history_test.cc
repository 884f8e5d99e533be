// What the configuration says of histories.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "config/test_environment.h"
#include "config/test_messages.h"

namespace carillon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kOwn =
    "select.by = \"commands\"\ncommands.name = \"/type\"\ncommands.subscribe.is = \"s\"\n"
    "commands.subscribe.channel = \"/channel\"\n";

std::vector<std::string> errors(const std::string& lines) {
  return texts_of(load_good(orion_with(lines)).errors);
}

TEST(HistorySettings, OneTableOrAnArrayOfTablesMeanTheSame) {
  for (const auto* text : {"history = { events = 7 }", "history = [{ events = 7 }]",
                           "[[endpoint.history]]\nevents = 7", "[endpoint.history]\nevents = 7"}) {
    const Loaded loaded = load_good(orion_with(text));
    ASSERT_THAT(texts_of(loaded.errors), IsEmpty()) << text;
    ASSERT_EQ(loaded.settings.endpoints[0].history.size(), 1U) << text;
    const HistoryRule& rule = loaded.settings.endpoints[0].history[0];
    EXPECT_EQ(rule.events, 7U);
    EXPECT_EQ(rule.age, seconds(300));
    EXPECT_THAT(rule.channels, ElementsAre("*"));
  }
}

TEST(HistorySettings, ChannelsMayDifferWhereClientsSubscribeToChannels) {
  EXPECT_THAT(
      errors(std::string(kOwn) + "[[endpoint.history]]\nchannels = [\"a.*\"]\n[[endpoint.history]]\n"),
      IsEmpty());
}

TEST(HistorySettings, AnEndpointWithoutSubscriptionsHasOneHistory) {
  const std::string error =
      "gateway.toml:3: endpoint[0].history: an endpoint whose clients do not subscribe to channels has one "
      "history; write one table without channels";
  EXPECT_THAT(errors("history = { channels = [\"a.*\"] }"), ElementsAre(error));
  EXPECT_THAT(errors("history = [{ events = 1 }, { events = 2 }]"), ElementsAre(error));
}

TEST(HistorySettings, WhatNeedsAHistoryIsRefusedWithoutOne) {
  const std::string why = ": has no use without a history; write history = { events = 100, age = \"5m\" }";
  EXPECT_THAT(errors("resume.parameter = \"position\""),
              ElementsAre("gateway.toml:3: endpoint[0].resume.parameter" + why));
  EXPECT_THAT(errors(std::string(kOwn) + "commands.subscribe.position = \"/position\""),
              ElementsAre("gateway.toml:7: endpoint[0].commands.subscribe.position" + why));
  EXPECT_THAT(errors(std::string(kOwn) + "commands.subscribe.last = \"/last\""),
              ElementsAre("gateway.toml:7: endpoint[0].commands.subscribe.last" + why));
}

TEST(HistorySettings, AQueryDoesNotResumeSubscriptionsByCommand) {
  EXPECT_THAT(
      errors(std::string(kOwn) + "history = {}\nresume.parameter = \"position\""),
      ElementsAre("gateway.toml:8: endpoint[0].resume.parameter: has no use where clients subscribe by "
                  "command; write commands.subscribe.position = \"/position\""));
}

// EventSource sends Last-Event-ID whether or not anybody has thought of it.
TEST(HistorySettings, EventStreamsNeedAWayToReportWhatIsMissing) {
  const std::string gap = "frames.gap = '{}'\n";
  for (const auto* transports : {"[\"sse\"]", "[\"websocket\", \"ndjson\"]"}) {
    const std::string lines = "transports = " + std::string(transports) + "\nhistory = {}\n";
    EXPECT_THAT(errors(lines),
                ElementsAre("gateway.toml:4: endpoint[0].history: clients of event streams resume by "
                            "themselves, and need a frame that reports events that are not retained any "
                            "more; write frames.gap"));
    EXPECT_THAT(errors(lines + gap), IsEmpty());
  }
  const std::string by_command = std::string(kOwn) +
                                 "transports = [\"sse\"]\nselect.streams = \"query:channels\"\n"
                                 "history = {}\nresume.parameter = \"since\"\n";
  EXPECT_EQ(errors(by_command).size(), 1U);
  EXPECT_THAT(errors(by_command + gap), IsEmpty());
  EXPECT_THAT(errors(by_command + "acks = \"on\"\ncommands.subscribe.reply = '{\"all\":$recovered}'\n"),
              IsEmpty());
}

TEST(HistorySettings, ValuesThatAreNotKnownHaveOneOnlyWhereAPathSelectsOne) {
  const std::string error =
      "gateway.toml:3: endpoint[0].history: clients may select several values of any kind, and one position "
      "does "
      "not say what they have of each; write select.known, or select.by = \"commands\" with "
      "commands.subscribe.position";
  for (const auto* by : {"query:ids", "claim:ids"}) {
    EXPECT_THAT(errors("history = {}\nselect.by = \"" + std::string(by) + "\""), ElementsAre(error)) << by;
  }
  EXPECT_THAT(errors("history = {}\nselect.by = \"query:ids\"\nselect.known = [\"a\"]"), IsEmpty());
  EXPECT_THAT(errors("history = {}\nselect.by = \"path:room\"\npath = \"/rooms/{room}\""), IsEmpty());
}

TEST(HistorySettings, AWrongValueIsReportedAtItsOwnKey) {
  EXPECT_THAT(errors("history = { event = 5 }").front(),
              ::testing::StartsWith("gateway.toml:3: endpoint[0].history.event: unknown key; did you mean"));
  EXPECT_THAT(errors("history = 5").front(),
              ::testing::HasSubstr("expected a table, got an integer; write { events = 100"));
}

}  // namespace
}  // namespace carillon::config

#include "app/vectors/vector_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/vectors/tested_profile.h"

namespace carillon::app {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The failure of a vector of the built-in profile `orion`; nothing when it holds. `toml`: its own endpoints.
std::optional<VectorFailure> failure_of(const std::string& steps, const std::string& toml = "") {
  const VectorFile file("x.json", "{\"vectors\": [{\"name\": \"x\", \"steps\": [" + steps + "]}]}");
  EXPECT_THAT(file.mistakes(), IsEmpty());
  const TestedProfile profile("orion");
  auto settings = profile.settings(toml);
  if (!settings) return VectorFailure{.mismatch = {settings.error().front()}};
  auto gateway = VirtualGateway::create(std::move(*settings));
  if (!gateway) return VectorFailure{.mismatch = {gateway.error().message}};
  return VectorRun(file.vectors().front(), **gateway, profile.keys()).run();
}

constexpr std::string_view kOpen = R"({"connect": "a", "target": "/ws?token=$token"})";

// The failure of a vector whose first step connects the client a.
std::optional<VectorFailure> after_opening(const std::string& steps) {
  return failure_of(std::string(kOpen) + "," + steps);
}

// Every step that holds when nothing happens.
void expect_holds(const std::optional<VectorFailure>& failure) {
  EXPECT_FALSE(failure) << failure->step_text << ": " << failure->mismatch.what << ": expected "
                        << failure->mismatch.expected << ", came " << failure->mismatch.came;
}

TEST(VectorRun, EachStepHoldsWhenTheGatewayDoesWhatItSays) {
  expect_holds(after_opening(
      R"({"publish": "orion.x", "body": {"n": "$n"}, "count": 3},
         {"expect": "a", "frames": [{"text": "$any", "count": 3}]})"));
  expect_holds(
      after_opening(R"({"connections": {"orion": 1}}, {"drop": "a"}, {"connections": {"orion": 0}})"));
  expect_holds(after_opening(R"({"send": "a", "ping": "x"}, {"expect": "a", "frames": [{"pong": "x"}]})"));
  expect_holds(
      after_opening(R"({"send": "a", "close": 1000}, {"expect": "a", "frames": [{"close": 1000}]})"));
  expect_holds(after_opening(
      R"({"stop_reading": "a"}, {"publish": "orion.x", "body": 1}, {"expect": "a", "frames": []},
         {"read": "a"}, {"expect": "a", "frames": [{"text": "$any"}]})"));
  expect_holds(
      after_opening(R"({"drain": true}, {"wait": "1s"}, {"expect": "a", "frames": [{"close": 1001}]})"));
  expect_holds(after_opening(R"({"never_logged": "$token"}, {"real": [{"whatever": 1}]})"));
  expect_holds(failure_of(
      R"({"connect": "a", "target": "/ws", "refused": {"status": [401, 403], "headers": {"Content-Type": "$any", "X": null}}},
         {"log": {"message": "request refused", "reason": "$any"}})"));
}

TEST(VectorRun, AnHourOfKeepaliveIsWaitedForOnVirtualTime) {
  expect_holds(failure_of(
      R"({"connect": "a", "target": "/ws?token=$token", "pongs": true}, {"wait": "1h"},
         {"connections": {"orion": 1}}, {"expect": "a", "frames": [{"ping": "", "count": 120}]})"));
}

TEST(VectorRun, WhatDoesNotComeIsReportedWithItsStep) {
  const auto failure = after_opening(R"({"wait": "1s"}, {"expect": "a", "frames": [{"text": {"x": 1}}]})");
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->step, 3U);
  EXPECT_EQ(failure->step_text, R"({"expect":"a","frames":[{"text":{"x":1}}]})");
  EXPECT_EQ(failure->mismatch.what, "frame 1 of a");
  EXPECT_EQ(failure->mismatch.expected, R"(text {"x":1})");
  EXPECT_EQ(failure->mismatch.came, "nothing");
}

TEST(VectorRun, AFrameThatDiffersIsReportedWithTheMembersThatDo) {
  const auto failure = failure_of(
      std::string(kOpen) +
          R"(,{"publish": "orion.x", "body": {"a": 1}}, {"expect": "a", "frames": [{"text": {"a": 2}}]})",
      "[[endpoint]]\nprofile = '$profile'\nframes.event = '$body'\n");
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->mismatch.came, R"(text {"a":1})");
  EXPECT_THAT(failure->mismatch.differences, ElementsAre("/a: expected 2, came 1"));
}

TEST(VectorRun, WhatIsNotExpectedIsReportedAlsoAfterTheLastStep) {
  const auto during = after_opening(R"({"publish": "orion.x", "body": 1}, {"expect": "a", "frames": []})");
  ASSERT_TRUE(during);
  EXPECT_EQ(during->mismatch.expected, "nothing");
  const auto after = after_opening(R"({"publish": "orion.x", "body": 1})");
  ASSERT_TRUE(after);
  EXPECT_EQ(after->step, 0U);
  EXPECT_EQ(after->mismatch.what, "a has also received");
}

TEST(VectorRun, EveryOtherStepFailsWhenSomethingElseHappens) {
  for (const char* steps :
       {R"({"connect": "b", "target": "/ws"})",
        R"({"connect": "b", "target": "/ws?token=$token", "refused": {"status": 401}})",
        R"({"connect": "b", "target": "/ws", "refused": {"status": 403}})",
        R"({"connect": "b", "target": "/ws", "refused": {"status": 401, "body": {}}})",
        R"({"connect": "b", "target": "/ws", "refused": {"status": 401, "headers": {"X": "$any"}}})",
        R"({"connections": {"orion": 2}})", R"({"connections": {"none": 1}})",
        R"({"log": {"message": "none"}})", R"({"log": {"message": "request refused", "reason": "none"}})",
        R"({"never_logged": "bus is up"})",
        R"({"send": "a", "ping": "x"}, {"expect": "a", "frames": [{"pong": "y"}]})",
        R"({"send": "a", "ping": "x"}, {"expect": "a", "frames": [{"ping": "x"}]})",
        R"({"send": "a", "close": 1000}, {"expect": "a", "frames": [{"close": 1001}]})",
        R"({"send": "a", "close": 1000}, {"expect": "a", "frames": ["end"]})",
        R"({"http": "GET /health", "answer": {"status": 404}})",
        R"({"http": "GET /health", "answer": {"status": 200, "json": {"status": "no"}}})"}) {
    EXPECT_TRUE(after_opening(steps)) << steps;
  }
}

TEST(VectorRun, ARouteOfAProfileTurnsARequestIntoAnEvent) {
  expect_holds(failure_of(
      std::string(kOpen) +
          R"(,{"http": "POST /in", "body": {"a": 1}, "answer": {"status": 202, "json": {"ok": true}}},
             {"expect": "a", "frames": [{"text": {"a": 1}}]},
             {"http": "POST /v1/publish", "headers": {"Authorization": "Bearer $api_key"},
              "body": {"channel": "orion.y", "data": 2}, "answer": {"status": 200}},
             {"expect": "a", "frames": [{"text": "2"}]})",
      "[[endpoint]]\nprofile = '$profile'\nframes.event = '$body'\n"
      "[[endpoint.route]]\npath = '/in'\nmethods = ['POST']\nchannel = 'orion.in'\nevent = '$body'\n"
      "status = 202\nanswer = '{\"ok\":true}'\n"));
}

TEST(VectorRun, WhatMayExplainAFailureStandsWithIt) {
  const auto dropped =
      after_opening(R"({"publish": "orion.x", "body": "no JSON"}, {"expect": "a", "frames": [{"text": 1}]})");
  ASSERT_TRUE(dropped);
  EXPECT_THAT(dropped->log, ElementsAre(HasSubstr("event dropped")));
  const auto elsewhere =
      after_opening(R"({"publish": "other.x", "body": 1}, {"expect": "a", "frames": [{"text": 1}]})");
  ASSERT_TRUE(elsewhere);
  EXPECT_THAT(elsewhere->log, Contains(R"(step 2: no source.channels or source.broadcast takes "other.x")"));
}

TEST(VectorRun, TheBytesOfAVectorAreLimited) {
  std::string steps(kOpen);
  for (int i = 0; i < 20; ++i) steps += R"(,{"send": "a", "text": "xxxxxxxxxxxxx", "repeat": 1048576})";
  const auto failure = failure_of(steps);
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->mismatch.what, HasSubstr("more than 256 MiB"));
}

TEST(KeptLog, ADroppedLineIsKnown) {
  KeptLog log;
  for (std::size_t i = 1; i < KeptLog::kLinesMax; ++i) log.write_fields(LogLevel::info, "x", {});
  EXPECT_THAT(log.lines(), SizeIs(KeptLog::kLinesMax - 1));
  log.write_fields(LogLevel::info, "x", {});
  EXPECT_THAT(log.lines(), SizeIs(KeptLog::kLinesMax));
  EXPECT_FALSE(log.has_dropped());
  log.write_fields(LogLevel::info, "x", {});
  EXPECT_THAT(log.lines(), SizeIs(KeptLog::kLinesMax));
  EXPECT_TRUE(log.has_dropped());
}

TEST(VectorRun, MoreLogLinesThanAreKeptAreAFailure) {
  const VectorFile file("x.json", R"({"vectors": [{"name": "x", "steps": [{"never_logged": "secret"}]}]})");
  const TestedProfile profile("orion");
  auto gateway = VirtualGateway::create(profile.settings("").value());
  ASSERT_TRUE(gateway);
  KeptLog& log = (*gateway)->log();
  while (!log.has_dropped()) log.write_fields(LogLevel::info, "x", {});
  const auto failure = VectorRun(file.vectors().front(), **gateway, profile.keys()).run();
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->mismatch.what, HasSubstr("more than 10000 lines"));
}

TEST(VectorRun, AnEventThatTheBusRefusesIsAFailure) {
  const auto failure =
      failure_of(R"({"publish": "orion.x", "body": "$fill"})", "bus.event_bytes_max = \"1KiB\"\n");
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->mismatch.what, HasSubstr("bus.event_bytes_max"));
}

TEST(TestedProfile, MistakesOfAProfileAndOfAVectorsSettingsAreReported) {
  EXPECT_THAT(TestedProfile("/no/such.toml").settings("").error(), ElementsAre(HasSubstr("/no/such.toml")));
  const auto own = TestedProfile("orion").settings("[[endpoint]]\nprofile = '$profile'\npth = '/x'\n");
  ASSERT_FALSE(own);
  EXPECT_THAT(own.error(), ElementsAre(HasSubstr("endpoint[0].pth")));
  EXPECT_THAT(own.error().front(), ::testing::StartsWith("endpoint[0]"));
}

TEST(TestedProfile, EachRunHasKeysOfItsOwn) {
  EXPECT_NE(TestedProfile("orion").keys().secret, TestedProfile("orion").keys().secret);
  EXPECT_THAT(TestedProfile("orion").keys().secret, SizeIs(64));
}

}  // namespace
}  // namespace carillon::app

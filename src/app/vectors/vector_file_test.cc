#include "app/vectors/vector_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string file_with(const std::string& steps) {
  return "{\"vectors\": [\n{\"name\": \"one\", \"steps\": [\n" + steps + "]}]}";
}

// The mistakes of a file whose only vector has these steps after a connect; each is on line 4.
std::vector<std::string> mistakes_of(const std::string& steps) {
  return VectorFile("x.json", file_with("{\"connect\": \"a\", \"target\": \"/\"},\n" + steps)).mistakes();
}

TEST(VectorFile, AGoodFileHasItsVectorsWithTheirLines) {
  const VectorFile file("x.json", file_with(R"({"wait": "1s"})"));
  EXPECT_THAT(file.mistakes(), IsEmpty());
  ASSERT_THAT(file.vectors(), SizeIs(1));
  EXPECT_EQ(file.vectors()[0].name, "one");
  EXPECT_EQ(file.vectors()[0].line, 2U);
  EXPECT_THAT(file.vectors()[0].steps, SizeIs(1));
}

TEST(VectorFile, AMistakeIsReportedWithLineVectorAndStepAndWhatToWrite) {
  EXPECT_THAT(mistakes_of(R"({"expct": "a"})"),
              ElementsAre(R"(x.json:4: "one", step 2: there is no step "expct"; did you mean "expect"?)"));
  EXPECT_THAT(mistakes_of(R"({"send": "a", "txt": "x"})"),
              ElementsAre(R"(x.json:4: "one", step 2: "send" has no member "txt"; did you mean "text"?)"));
  EXPECT_THAT(
      mistakes_of(R"({"send": "b", "text": "x"})"),
      ElementsAre(HasSubstr(
          R"(there is no client "b"; a step before must be {"connect": "b", …}, without "refused")")));
  EXPECT_THAT(mistakes_of(R"({"wait": 15})"),
              ElementsAre(HasSubstr(R"("wait" must be a time of at most a day, such as "15s" or "250ms")")));
}

TEST(VectorFile, EveryMemberOfAStepIsChecked) {
  for (const char* step : {"1",
                           "{}",
                           R"({"connect": "b"})",
                           R"({"connect": "b", "target": 1})",
                           R"({"connect": 1, "target": "/"})",
                           R"({"connect": "b", "target": "/", "token": 1})",
                           R"({"connect": "b", "target": "/", "times": 10001})",
                           R"({"connect": "b", "target": "/", "signed": {"alg": "RS256"}})",
                           R"({"connect": "b", "target": "/", "refused": {}})",
                           R"({"connect": "b", "target": "/", "refused": {"status": 1}})",
                           R"({"connect": "b", "target": "/", "headers": {"X": 1}})",
                           R"({"publish": "c"})",
                           R"({"publish": "c", "body": 1, "body_hex": "00"})",
                           R"({"publish": "c", "body_hex": "0"})",
                           R"({"publish": "c", "body": 1, "count": 0})",
                           R"({"send": "a"})",
                           R"({"send": "a", "text": "x", "ping": "y"})",
                           R"({"send": "a", "fragments": []})",
                           R"({"send": "a", "close": 65536})",
                           R"({"expect": "a"})",
                           R"({"expect": "a", "frames": {}})",
                           R"({"expect": "a", "frames": ["no"]})",
                           R"({"expect": "a", "frames": [{}]})",
                           R"({"expect": "a", "frames": [{"text": 1, "ping": ""}]})",
                           R"({"expect": "a", "frames": [{"txt": 1}]})",
                           R"({"wait": "25h"})",
                           R"({"wait": "1"})",
                           R"({"connections": 1})",
                           R"({"connections": {"a": "1"}})",
                           R"({"drain": 1})",
                           R"({"log": {}})",
                           R"({"http": "GET /"})",
                           R"({"http": "GET /", "answer": {}})",
                           R"({"real": 1})"}) {
    EXPECT_THAT(mistakes_of(step), SizeIs(1)) << step;
  }
}

TEST(VectorFile, AClientIsThereFromItsConnectToItsDrop) {
  EXPECT_THAT(mistakes_of(R"({"drop": "a"}, {"send": "a", "text": "x"})"), SizeIs(1));
  EXPECT_THAT(mistakes_of(R"({"connect": "b", "target": "/", "refused": {"status": 401}}, {"drop": "b"})"),
              SizeIs(1));
  EXPECT_THAT(mistakes_of(R"({"connect": "b", "target": "/", "times": 2}, {"drop": "b1"}, {"drop": "b2"})"),
              IsEmpty());
}

TEST(VectorFile, AMessageIsLimitedWithItsRepetitions) {
  EXPECT_THAT(mistakes_of(R"({"send": "a", "text": "xxxx", "repeat": 2000, "count": 2000})"), SizeIs(1));
  EXPECT_THAT(mistakes_of(R"({"send": "a", "text": "xxxx", "repeat": 2000, "count": 1000})"), IsEmpty());
}

TEST(VectorFile, TheClientsOfAVectorAreLimitedInNumber) {
  std::string steps = R"({"wait": "1s"})";
  for (int i = 0; i < 11; ++i) {
    steps += R"(,{"connect": "c)" + std::to_string(i) + R"(-", "target": "/", "times": 10000})";
  }
  EXPECT_THAT(mistakes_of(steps), ElementsAre(HasSubstr("there are more than 100000 clients")));
}

TEST(VectorFile, WhatIsNoFileOfVectorsIsReportedOnce) {
  const auto mistakes = [](const std::string& text) { return VectorFile("x.json", text).mistakes(); };
  EXPECT_THAT(mistakes("{\n}x"), ElementsAre(HasSubstr("x.json:2: it is not JSON: at byte 3")));
  EXPECT_THAT(mistakes("{}"), ElementsAre(HasSubstr("write {\"vectors\"")));
  EXPECT_THAT(mistakes("[]"), ElementsAre(HasSubstr("write {\"vectors\"")));
  EXPECT_THAT(mistakes(R"({"vectors": []})"), ElementsAre(HasSubstr("write {\"vectors\"")));
  EXPECT_THAT(mistakes(R"({"vectors": [1]})"), SizeIs(2));  // no name, no steps
  EXPECT_THAT(mistakes(R"({"vectors": [{"name": "a", "steps": []}]})"),
              ElementsAre(HasSubstr(R"("a" has no "steps", and tests nothing)")));
  EXPECT_THAT(mistakes(R"({"vectors": [{"name": "a", "setps": 1, "steps": [{"wait": "1s"}]}]})"),
              ElementsAre(HasSubstr(R"(there is no "setps"; did you mean "steps"?)")));
  EXPECT_THAT(mistakes(R"({"vectors": [{"name": "a", "steps": [{"wait": "1s"}]},
                                       {"name": "a", "steps": [{"wait": "1s"}]}]})"),
              ElementsAre(HasSubstr(R"(x.json:2: "a" is the name of two vectors)")));
}

TEST(VectorFile, VectorsStepsAndMistakesAreLimitedInNumber) {
  std::string steps = R"({"wait": "1s"})";
  for (std::size_t i = 0; i < VectorFile::kStepsMax; ++i) steps += R"(,{"wait": "1s"})";
  EXPECT_THAT(VectorFile("x.json", file_with(steps)).mistakes(),
              ElementsAre(HasSubstr("more than 1000 steps")));
  std::string vectors = "{\"vectors\": [";
  for (std::size_t i = 0; i <= VectorFile::kVectorsMax; ++i) {
    vectors += (i == 0 ? "{\"name\": \"" : ",{\"name\": \"") + std::to_string(i) +
               "\", \"steps\": [{\"wait\": \"1s\"}]}";
  }
  EXPECT_THAT(VectorFile("x.json", vectors + "]}").mistakes(),
              ElementsAre(HasSubstr("more than 1000 vectors")));
  std::string wrong = "{}";
  for (int i = 0; i < 100; ++i) wrong += ",{}";
  EXPECT_THAT(VectorFile("x.json", file_with(wrong)).mistakes(), SizeIs(VectorFile::kMistakesMax));
}

}  // namespace
}  // namespace carillon::app

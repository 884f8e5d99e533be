// Runs protocol/vectors/*.json against the engine on fake time. Each vector is a test named by its sentence.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>

#include "gateway/testing/wire_run.h"

namespace carillon::gateway::testing {
namespace {

class WireVectorTest : public ::testing::Test {
 public:
  explicit WireVectorTest(std::function<void()> body) : body_(std::move(body)) {}
  void TestBody() override { body_(); }

 private:
  std::function<void()> body_;
};

void add_test(const std::string& name, std::function<void()> body) {
  ::testing::RegisterTest("WireVectors", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [body = std::move(body)]() -> WireVectorTest* { return new WireVectorTest(body); });
}

// Vectors that need the real binary are still checked for their form.
bool register_all() {
  static WireVectors vectors;
  vectors.read_all(CARILLON_SOURCE_DIR "/protocol/vectors");
  for (const WireVector& vector : vectors.vectors) {
    add_test(vector.name, [&vector] { WireRun(vector).run(); });
  }
  add_test("every vector can be read", [] {
    for (const std::string& problem : vectors.problems) ADD_FAILURE() << problem;
  });
  return true;
}

const bool kRegistered = register_all();

// The failures of a vector, as one text.
std::string failures_of(const std::string& steps) {
  const std::string text =
      R"({"name":"x","endpoints":["[[endpoint]]","profile = 'orion'"],"steps":)" + steps + "}";
  ::testing::TestPartResultArray results;
  {
    const ::testing::ScopedFakeTestPartResultReporter reporter(
        ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &results);
    const json::Value value = json::Value::of_valid(text);
    const WireVector vector{"x", value, value};
    WireRun(vector).run();
  }
  std::string all;
  for (int i = 0; i < results.size(); ++i) all += results.GetTestPartResult(i).message();
  return all;
}

constexpr std::string_view kOpen = R"({"connect":"a","target":"/ws?token=$token"})";

std::string after_opening(std::string_view step) {
  return "[" + std::string(kOpen) + "," + std::string(step) + "]";
}

TEST(WireRun, AVectorThatHoldsPasses) {
  EXPECT_TRUE(kRegistered);
  EXPECT_EQ(failures_of(after_opening(R"({"expect":"a","frames":[]})")), "");
  EXPECT_EQ(failures_of(after_opening(R"({"wait":"30s"},{"expect":"a","frames":[{"ping":""}]})")), "");
}

TEST(WireRun, AnUnknownStepIsAFailure) {
  for (const char* step :
       {R"({"conect":"a"})", R"({"send":"a","txt":"x"})", R"({"expect":"b","frames":[]})", R"({"wait":"15"})",
        R"({"real":[{"htpp":"GET /"}]})", R"({"real":[{"http":"GET /","x":1}]})", R"({"expect":"a"})",
        R"({"expect":"a","frames":[{"txt":"x"}]})", "{}", "1"}) {
    EXPECT_NE(failures_of(after_opening(step)), "") << step;
  }
  EXPECT_NE(failures_of("[]"), "");
}

TEST(WireRun, MissingAndUnexpectedFramesAreFailures) {
  EXPECT_NE(failures_of(after_opening(R"({"expect":"a","frames":[{"ping":""}]})")), "");
  EXPECT_NE(failures_of(after_opening(R"({"wait":"30s"})")), "");
  EXPECT_NE(failures_of(after_opening(R"({"wait":"30s"},{"expect":"a","frames":[{"ping":"x"}]})")), "");
  EXPECT_NE(failures_of(after_opening(R"({"connections":{"orion":2}})")), "");
  EXPECT_NE(failures_of(after_opening(R"({"log":{"message":"x"}})")), "");
  EXPECT_NE(failures_of(R"([{"connect":"a","target":"/ws?token=x"}])"), "");
  EXPECT_NE(failures_of(R"([{"connect":"a","target":"/ws","refused":{"status":403}}])"), "");
  EXPECT_NE(failures_of(R"([{"connect":"a","target":"/ws","refused":{"status":401,"body":"{}"}}])"), "");
  EXPECT_NE(failures_of(R"([{"connect":"a","target":"/ws","refused":{"status":401,"headers":{"X":"y"}}}])"),
            "");
}

}  // namespace
}  // namespace carillon::gateway::testing

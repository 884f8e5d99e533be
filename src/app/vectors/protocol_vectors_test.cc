// Runs protocol/vectors/*.json on virtual time, JSON byte for byte. Each vector is a test named by its
// sentence.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "app/vectors/tested_profile.h"
#include "app/vectors/vector_file.h"
#include "app/vectors/vector_run.h"

namespace carillon::app {
namespace {

constexpr std::size_t kFilesMin = 7;  // common, language, and one for each built-in protocol

class ProtocolVector : public ::testing::Test {
 public:
  explicit ProtocolVector(std::function<void()> body) : body_(std::move(body)) {}
  void TestBody() override { body_(); }

 private:
  std::function<void()> body_;
};

void add_test(const std::string& name, std::function<void()> body) {
  ::testing::RegisterTest("ProtocolVectors", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                          [body = std::move(body)]() -> ProtocolVector* { return new ProtocolVector(body); });
}

using Files = std::vector<std::unique_ptr<VectorFile>>;

Files read_files() {
  Files files;
  for (const auto& entry : std::filesystem::directory_iterator(CARILLON_SOURCE_DIR "/protocol/vectors")) {
    if (entry.path().extension() != ".json") continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    files.push_back(std::make_unique<VectorFile>(entry.path().filename(), text.str()));
  }
  return files;
}

// Each vector names its own endpoints, so that the profile does not matter.
void run(const TestVector& vector) {
  const TestedProfile profile("orion");
  auto settings = profile.settings(vector.toml);
  ASSERT_TRUE(settings) << settings.error().front();
  auto gateway = VirtualGateway::create(std::move(*settings));
  ASSERT_TRUE(gateway) << gateway.error().message;
  const auto failure = VectorRun(vector, **gateway, profile.keys(), JsonComparison::by_bytes).run();
  if (!failure) return;
  const Mismatch& mismatch = failure->mismatch;
  ADD_FAILURE() << "step " << failure->step << " " << failure->step_text << "\n"
                << mismatch.what << ": expected " << mismatch.expected << "\ncame " << mismatch.came;
}

// Vectors that need a real process are still checked for their form.
bool register_all() {
  static const Files files = read_files();
  for (const auto& file : files) {
    for (const TestVector& vector : file->vectors()) {
      if (!vector.is_skipped) add_test(vector.name, [&vector] { run(vector); });
    }
  }
  add_test("every file can be read", [] {
    EXPECT_GE(files.size(), kFilesMin);
    for (const auto& file : files) {
      EXPECT_FALSE(file->vectors().empty()) << file->path();
      for (const std::string& mistake : file->mistakes()) ADD_FAILURE() << mistake;
    }
  });
  return true;
}

[[maybe_unused]] const bool kRegistered = register_all();

}  // namespace
}  // namespace carillon::app

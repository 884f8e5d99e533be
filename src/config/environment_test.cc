#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/load.h"
#include "config/toml_text.h"

namespace carillon::config {
namespace {

// A file of this test alone, gone when it ends.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content)
      : path_(std::filesystem::temp_directory_path() /
              ("carillon_environment_test." + std::to_string(::getpid()))) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST(ProcessEnvironment, ReadsVariables) {
  const Environment environment = Environment::of_process();
  ::setenv("CARILLON_ENVIRONMENT_TEST", "value", 1);
  EXPECT_EQ(environment.variable("CARILLON_ENVIRONMENT_TEST"), "value");
  ::unsetenv("CARILLON_ENVIRONMENT_TEST");
  EXPECT_EQ(environment.variable("CARILLON_ENVIRONMENT_TEST"), std::nullopt);
  EXPECT_EQ(environment.variable(""), std::nullopt);
  EXPECT_EQ(environment.variable(std::string_view("PATH\0x", 6)), std::nullopt);
}

TEST(ProcessEnvironment, ReadsAFileOfAtMostOneMebibyte) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kFileBytesMax - 1, kFileBytesMax}) {
    const TemporaryFile file(std::string(size, 'x'));
    const auto content = Environment::of_process().read_file(file.path());
    ASSERT_TRUE(content) << size;
    EXPECT_EQ(content->size(), size);
  }
  const TemporaryFile file(std::string(kFileBytesMax + 1, 'x'));
  const auto content = Environment::of_process().read_file(file.path());
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().message, "it is larger than 1 MiB");
}

TEST(ProcessEnvironment, TellsWhyAFileCannotBeRead) {
  const auto reason = [](std::string_view path) {
    const auto content = Environment::of_process().read_file(path);
    return content ? "read" : content.error().message;
  };
  EXPECT_EQ(reason("/nonexistent/file"), "No such file or directory");
  EXPECT_EQ(reason("/"), "Is a directory");
  EXPECT_EQ(reason(""), "No such file or directory");
  EXPECT_EQ(reason(std::string_view("/etc/\0passwd", 12)), "its path has a NUL in it");
  EXPECT_EQ(reason("/dev/zero"), "it is larger than 1 MiB");
}

}  // namespace
}  // namespace carillon::config

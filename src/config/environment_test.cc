#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
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

TEST(ProcessEnvironment, ReportsWhyAFileCannotBeRead) {
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

// A named pipe, and what was opened of it.
class TemporaryPipe {
 public:
  TemporaryPipe()
      : path_(std::filesystem::temp_directory_path() /
              ("carillon_environment_pipe." + std::to_string(::getpid()))) {
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  }
  TemporaryPipe(const TemporaryPipe&) = delete;
  TemporaryPipe& operator=(const TemporaryPipe&) = delete;
  ~TemporaryPipe() {
    if (fd_ >= 0) ::close(fd_);
    std::filesystem::remove(path_);
  }
  // Opened for reading too, so that this does not wait for a reader.
  void open_to_write() { fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC); }
  void write(std::string_view text) {
    EXPECT_EQ(::write(fd_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

TEST(ProcessEnvironment, APipeWithoutAWriterDoesNotHang) {
  const TemporaryPipe pipe;
  const auto content = Environment::of_process().read_file(pipe.path());
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().message, "it is a pipe without a writer; write a regular file");
}

TEST(ProcessEnvironment, APipeThatIsHeldOpenDoesNotHang) {
  for (const std::string_view begun : {"", "secret"}) {
    TemporaryPipe pipe;
    pipe.open_to_write();
    pipe.write(begun);
    const auto content = Environment::of_process(milliseconds(20)).read_file(pipe.path());
    ASSERT_FALSE(content) << begun;
    EXPECT_EQ(content.error().message,
              "it is a pipe whose writer has not closed it in time; write a regular file");
  }
}

// carillon serve --config <(make_config)
TEST(ProcessEnvironment, APipeThatIsWrittenToItsEndIsRead) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::write(ends[1], "text", 4), 4);
  ::close(ends[1]);
  const auto content = Environment::of_process().read_file("/dev/fd/" + std::to_string(ends[0]));
  ::close(ends[0]);
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(*content, "text");
}

}  // namespace
}  // namespace carillon::config

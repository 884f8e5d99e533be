#include "app/process/file_watch.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "reactor/testing/fake_loop.h"

namespace carillon::app {
namespace {

namespace fs = std::filesystem;

class FileWatchTest : public ::testing::Test {
 protected:
  FileWatchTest() {
    std::string name = "/tmp/file_watch.XXXXXX";
    folder_ = ::mkdtemp(name.data());
    write("server.pem", "first");
  }
  ~FileWatchTest() override { fs::remove_all(folder_); }

  std::string path(const std::string& file) const { return folder_ + "/" + file; }
  void write(const std::string& file, std::string_view text) const { std::ofstream(path(file)) << text; }
  // The reports of the next poll.
  int reports_of_a_poll() {
    const int before = reports_;
    loop_.advance(FileWatch::Pace().poll);
    return reports_ - before;
  }

  std::string folder_;
  reactor::FakeLoop loop_;
  int reports_ = 0;
  FileWatch watch_{loop_, [this](const auto&) { ++reports_; }};
};

TEST_F(FileWatchTest, AChangedFileIsReportedOnce) {
  watch_.watch({path("server.pem")});
  EXPECT_EQ(reports_of_a_poll(), 0);
  write("server.pem", "second, longer");
  EXPECT_EQ(reports_of_a_poll(), 1);
  EXPECT_EQ(reports_of_a_poll(), 0);
}

TEST_F(FileWatchTest, AFileThatIsReplacedByRenamingIsReported) {
  watch_.watch({path("server.pem")});
  write("server.pem.new", "other");
  fs::rename(path("server.pem.new"), path("server.pem"));
  EXPECT_EQ(reports_of_a_poll(), 1);
}

// As Kubernetes renews a secret: the file is a link into a folder that is a link itself.
TEST_F(FileWatchTest, AChangedSymbolicLinkIsReported) {
  fs::create_directory(path("one"));
  fs::create_directory(path("two"));
  write("one/tls.crt", "a");
  write("two/tls.crt", "b");
  fs::create_directory_symlink(path("one"), path("data"));
  watch_.watch({path("data/tls.crt")});
  fs::create_directory_symlink(path("two"), path("data.new"));
  fs::rename(path("data.new"), path("data"));
  EXPECT_EQ(reports_of_a_poll(), 1);
}

TEST_F(FileWatchTest, AFileThatIsGoneIsReportedWhenItIsBack) {
  watch_.watch({path("server.pem")});
  fs::remove(path("server.pem"));
  EXPECT_EQ(reports_of_a_poll(), 0);
  write("server.pem", "second, longer");
  EXPECT_EQ(reports_of_a_poll(), 1);
}

TEST_F(FileWatchTest, AFileThatIsNotWatchedAnyMoreIsNotReported) {
  watch_.watch({path("server.pem")});
  watch_.watch({});
  write("server.pem", "second, longer");
  EXPECT_EQ(reports_of_a_poll(), 0);
}

TEST_F(FileWatchTest, FilesBeyondTheLimitAreNotWatched) {
  std::vector<std::string> files(FileWatch::kFilesMax - 1, path("other.pem"));
  for (std::size_t i = 0; i < files.size(); ++i) files[i] += std::to_string(i);
  files.push_back(path("server.pem"));
  EXPECT_EQ(watch_.watch(files), 0U);
  write("server.pem", "second, longer");
  EXPECT_EQ(reports_of_a_poll(), 1);
  files.insert(files.begin(), path("one more"));
  EXPECT_EQ(watch_.watch(files), 1U);
  write("server.pem", "third, longer still");
  EXPECT_EQ(reports_of_a_poll(), 0);
}

// --- files that somebody is writing ---------------------------------------------------------------

class FileWatchAtRestTest : public FileWatchTest {
 protected:
  void SetUp() override { watch_at_rest_.watch({path("server.pem"), path("mine.toml")}); }
  int reports_within(milliseconds time) {
    const std::size_t before = reported_.size();
    loop_.advance(time);
    return static_cast<int>(reported_.size() - before);
  }

  static constexpr FileWatch::Pace kPace{milliseconds(100), milliseconds(1000),
                                         FileWatch::Pace::Report::at_rest};
  std::vector<std::vector<std::string>> reported_;
  FileWatch watch_at_rest_{loop_, [this](const auto& files) { reported_.push_back(files); }, kPace};
};

TEST_F(FileWatchAtRestTest, AFileIsReportedOnceItHasStayedAsItIs) {
  write("mine.toml", "half");
  EXPECT_EQ(reports_within(milliseconds(1000)), 0);  // the poll sees it for the first time
  write("mine.toml", "half, and the other half");
  EXPECT_EQ(reports_within(milliseconds(100)), 0);
  ASSERT_EQ(reports_within(milliseconds(100)), 1);
  EXPECT_EQ(reported_.back(), std::vector{path("mine.toml")});
  EXPECT_EQ(reports_within(milliseconds(3000)), 0);
}

TEST_F(FileWatchAtRestTest, AFileThatIsEmptyForAMomentIsNotReported) {
  write("mine.toml", "");
  EXPECT_EQ(reports_within(milliseconds(1500)), 0);
  write("mine.toml", "path = \"/mine\"");
  EXPECT_EQ(reports_within(milliseconds(200)), 1);
}

TEST_F(FileWatchAtRestTest, AFileThatStaysEmptyIsReported) {
  write("mine.toml", "");
  EXPECT_EQ(reports_within(milliseconds(1000) + FileWatch::kRestlessMax * kPace.quiet), 1);
}

TEST_F(FileWatchAtRestTest, AChangeSinceAnEarlierWatchIsReported) {
  const FileWatch::Stamps known = watch_at_rest_.reported();
  write("mine.toml", "new");
  watch_at_rest_.watch({});
  watch_at_rest_.watch({path("mine.toml"), path("server.pem")}, known);
  ASSERT_EQ(reports_within(milliseconds(200)), 1);
  EXPECT_EQ(reported_.back(), std::vector{path("mine.toml")});
}

TEST_F(FileWatchAtRestTest, AChangeBeforeTheSameFileIsWatchedAgainIsReported) {
  write("mine.toml", "new");
  watch_at_rest_.watch({path("mine.toml"), path("other.toml")});
  EXPECT_EQ(reports_within(milliseconds(1100)), 1);
}

}  // namespace
}  // namespace carillon::app

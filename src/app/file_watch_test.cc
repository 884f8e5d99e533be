#include "app/file_watch.h"

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
    loop_.advance(FileWatch::kPollEvery);
    return reports_ - before;
  }

  std::string folder_;
  reactor::FakeLoop loop_;
  int reports_ = 0;
  FileWatch watch_{loop_, [this] { ++reports_; }};
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
  watch_.watch(files);
  write("server.pem", "second, longer");
  EXPECT_EQ(reports_of_a_poll(), 1);
  files.insert(files.begin(), path("one more"));
  watch_.watch(files);
  write("server.pem", "third, longer still");
  EXPECT_EQ(reports_of_a_poll(), 0);
}

}  // namespace
}  // namespace carillon::app

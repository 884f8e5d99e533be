#include "app/dev/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <thread>
#include <vector>

namespace carillon::app {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Variable variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(std::string(name));
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

class DevKeysTest : public ::testing::Test {
 protected:
  DevKeysTest() {
    std::string name = "/tmp/dev_keys.XXXXXX";
    home_ = ::mkdtemp(name.data());
  }
  ~DevKeysTest() override {
    fs::permissions(home_, fs::perms::owner_all);
    fs::remove_all(home_);
  }

  DevKeys load() const { return load_dev_keys(variables({{"HOME", home_}})); }
  std::string file() const { return home_ + "/.local/state/carillon/dev-keys"; }
  unsigned mode_of(const std::string& path) const {
    struct stat found {};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0;
  }

  std::string home_;
};

TEST_F(DevKeysTest, AreTheSameAtEveryStart) {
  const DevKeys first = load();
  const DevKeys second = load();
  EXPECT_THAT(first.warning, IsEmpty());
  EXPECT_EQ(first.secret.size(), 64U);
  EXPECT_EQ(first.api_key.size(), 32U);
  EXPECT_EQ(second.secret, first.secret);
  EXPECT_EQ(second.api_key, first.api_key);
}

TEST_F(DevKeysTest, AreKeptWhereOnlyTheUserCanReadThem) {
  load();
  EXPECT_EQ(mode_of(file()), 0600U);
  EXPECT_EQ(mode_of(home_ + "/.local/state/carillon"), 0700U);
}

TEST_F(DevKeysTest, LeaveNoDraftBehind) {
  load();
  const fs::directory_iterator files(home_ + "/.local/state/carillon");
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(DevKeysTest, OfProcessesThatStartAtTheSameTimeAreTheSame) {
  std::vector<std::string> secrets(8);
  std::vector<std::thread> threads;
  for (std::string& secret : secrets) threads.emplace_back([&] { secret = load().secret; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<std::string>(secrets.begin(), secrets.end()).size(), 1U);
}

TEST_F(DevKeysTest, AreNotTakenFromAFileThatOthersCanRead) {
  const DevKeys kept = load();
  ::chmod(file().c_str(), 0644);
  const DevKeys keys = load();
  EXPECT_NE(keys.secret, kept.secret);
  EXPECT_THAT(keys.warning, HasSubstr("other users may read or write it; delete the file."));
}

TEST_F(DevKeysTest, AreRandomWhenTheFileHoldsSomethingElse) {
  load();
  std::ofstream(file()) << "{\"secret\":\"short\",\"api_key\":\"short\"}";
  EXPECT_THAT(load().warning, HasSubstr("it does not hold the keys"));
  EXPECT_NE(load().secret, load().secret);
}

TEST_F(DevKeysTest, AreRandomWhenTheyCannotBeWritten) {
  std::ofstream(home_ + "/.local") << "a file where a folder should be";
  EXPECT_THAT(load().warning, HasSubstr("cannot write " + file() + ": Not a directory"));
  EXPECT_EQ(load().secret.size(), 64U);
}

TEST(DevKeysPath, IsInTheStateFolderOfTheUser) {
  EXPECT_EQ(dev_keys_path(variables({{"XDG_STATE_HOME", "/s"}, {"HOME", "/h"}})).value(),
            "/s/carillon/dev-keys");
  EXPECT_EQ(dev_keys_path(variables({{"XDG_STATE_HOME", "relative"}, {"HOME", "/h"}})).value(),
            "/h/.local/state/carillon/dev-keys");
  EXPECT_FALSE(dev_keys_path(variables({})).has_value());
}

}  // namespace
}  // namespace carillon::app

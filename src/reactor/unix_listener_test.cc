#include "reactor/unix_listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace carillon::reactor {
namespace {

using ::testing::HasSubstr;

class UnixListenerTest : public ::testing::Test {
 protected:
  UnixListenerTest() {
    std::string name = "/tmp/unix_listener.XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/control.sock";
  }
  ~UnixListenerTest() override { std::filesystem::remove_all(folder_); }

  bool can_connect() const {
    const FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  std::string error_of(const std::string& path) const {
    const auto bound = UnixListener::bind(path, 8);
    return bound ? "" : bound.error().message;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(UnixListenerTest, OnlyItsUserMayOpenIt) {
  const auto listener = UnixListener::bind(path_, 8);
  ASSERT_TRUE(listener) << listener.error().message;
  struct stat found {};
  ASSERT_EQ(::stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  EXPECT_TRUE(can_connect());
}

TEST_F(UnixListenerTest, ThePathIsGoneWithTheListener) {
  { const auto listener = UnixListener::bind(path_, 8); }
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(UnixListenerTest, APathLeftBehindByAProcessThatHasEndedIsReplaced) {
  {
    const FileDescriptor left(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    ASSERT_EQ(::bind(left.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_FALSE(can_connect());
  const auto listener = UnixListener::bind(path_, 8);
  ASSERT_TRUE(listener) << listener.error().message;
  EXPECT_TRUE(can_connect());
}

TEST_F(UnixListenerTest, APathInUseIsRefusedOrReplaced) {
  auto first = UnixListener::bind(path_, 8);
  EXPECT_THAT(error_of(path_), HasSubstr("another process uses it; stop that one"));
  auto second = UnixListener::bind(path_, 8, UnixListener::Existing::replace);
  ASSERT_TRUE(second) << second.error().message;
  *first = UnixListener();  // it has been replaced, and must leave the path alone
  EXPECT_TRUE(can_connect());
}

TEST_F(UnixListenerTest, WhatStandsInTheWayIsNamed) {
  std::ofstream(path_) << "a file";
  EXPECT_THAT(error_of(path_), HasSubstr("a file that is not a socket"));
  EXPECT_THAT(error_of(folder_ + "/none/control.sock"),
              HasSubstr("there is no folder " + folder_ + "/none/"));
  EXPECT_THAT(error_of(folder_ + "/" + std::string(90, 'x')), HasSubstr("the path is too long"));
}

}  // namespace
}  // namespace carillon::reactor

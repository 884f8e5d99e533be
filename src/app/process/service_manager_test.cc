#include "app/process/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <map>
#include <string>

#include "reactor/listener.h"

namespace carillon::app {
namespace {

// What systemd is for a service: a datagram socket in the abstract namespace, and variables.
class ServiceManagerTest : public ::testing::Test {
 protected:
  ServiceManagerTest() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = variables_["NOTIFY_SOCKET"] = "@carillon-test-" + std::to_string(::getpid());
    std::memcpy(address.sun_path + 1, name.data() + 1, name.size() - 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  }
  ServiceManager manager() const {
    return {[this](std::string_view name) -> std::optional<std::string> {
              const auto found = variables_.find(std::string(name));
              return found == variables_.end() ? std::nullopt : std::optional(found->second);
            },
            4711};
  }
  // The next report; "" when there is none.
  std::string received() const {
    std::array<char, 256> bytes{};
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    return {bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
  }

  reactor::FileDescriptor socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::map<std::string, std::string> variables_;
};

TEST_F(ServiceManagerTest, ReceivesOneDatagramForEachState) {
  ServiceManager manager = this->manager();
  manager.report_ready();
  EXPECT_EQ(received(), "READY=1\nMAINPID=4711\nSTATUS=Serving\n");
  manager.report_reloading(MonoTime(std::chrono::milliseconds(5)));
  EXPECT_EQ(received(), "RELOADING=1\nMONOTONIC_USEC=5000\nSTATUS=Reloading the configuration\n");
  manager.report_stopping();
  EXPECT_EQ(received(), "STOPPING=1\nSTATUS=Closing all clients\n");
  manager.report_alive();
  EXPECT_EQ(received(), "WATCHDOG=1\n");
  EXPECT_EQ(received(), "");
}

// READY=1 would make a process that is still taking over the service's, and one that stops a service that
// runs.
TEST_F(ServiceManagerTest, AReloadIsReportedOnlyWhileTheProcessServes) {
  ServiceManager manager = this->manager();
  manager.report_reloading({});
  manager.report_reloaded();
  EXPECT_EQ(received(), "");
  manager.report_ready();
  EXPECT_NE(received(), "");
  manager.report_reloaded();
  EXPECT_EQ(received(), "READY=1\nMAINPID=4711\nSTATUS=Serving\n");
  manager.report_stopping();
  EXPECT_NE(received(), "");
  manager.report_reloading({});
  manager.report_reloaded();
  EXPECT_EQ(received(), "");
}

TEST_F(ServiceManagerTest, WithoutASocketNothingIsSent) {
  for (const char* const socket : {"", "relative/path", "vsock:2:3"}) {
    variables_["NOTIFY_SOCKET"] = socket;
    variables_["WATCHDOG_USEC"] = "1000000";
    ServiceManager manager = this->manager();
    manager.report_ready();
    EXPECT_FALSE(manager.is_there() || manager.watchdog()) << socket;
  }
  EXPECT_EQ(received(), "");
}

TEST_F(ServiceManagerTest, TheWatchdogIsForThisProcessOnly) {
  EXPECT_FALSE(manager().watchdog());
  variables_["WATCHDOG_USEC"] = "2000000";
  EXPECT_EQ(manager().watchdog(), std::chrono::seconds(2));
  variables_["WATCHDOG_PID"] = "4711";
  EXPECT_EQ(manager().watchdog(), std::chrono::seconds(2));
  variables_["WATCHDOG_PID"] = "4712";
  EXPECT_FALSE(manager().watchdog());
  variables_["WATCHDOG_PID"] = "4711";
  for (const char* const nonsense : {"", "0", "-1", "2s", "99999999999999999999"}) {
    variables_["WATCHDOG_USEC"] = nonsense;
    EXPECT_FALSE(manager().watchdog()) << nonsense;
  }
}

}  // namespace
}  // namespace carillon::app

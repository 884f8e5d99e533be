#pragma once

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace carillon::bus::testing {

// A port without a listener. Another process may take it before it is used: rare on loopback.
inline std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  CARILLON_ASSERT(::bind(fd, generic, size) == 0);
  CARILLON_ASSERT(::getsockname(fd, generic, &size) == 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

// A folder under the system's temporary one that goes with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "carillon-test-XXXXXX").string();
    CARILLON_ASSERT(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Starts a program with its output in `log`; -1 when it cannot.
inline pid_t spawn(const std::vector<std::string>& arguments, const std::string& log) {
  std::vector<char*> pointers;
  for (const auto& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(fd, STDOUT_FILENO);
  ::dup2(fd, STDERR_FILENO);
  ::execvp(pointers[0], pointers.data());
  ::_exit(127);
}

// RedisServer: a real redis-server for tests: loopback, a free port, a folder of its own, stopped by pid.
//
// It can be killed and started again on the same port, frozen (SIGSTOP) and thawed, and asked things.
// Thread: one; command() blocks, for at most 5 s. Needs /usr/bin/redis-server (Debian: redis-server).
class RedisServer {
 public:
  // `more`: further arguments, as on the command line ("--requirepass", "secret"). Running on return.
  explicit RedisServer(std::vector<std::string> more = {}) : port_(free_port()), more_(std::move(more)) {
    start();
  }
  ~RedisServer() { kill(); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  std::uint16_t port() const { return port_; }
  const std::string& folder() const { return folder_.path(); }

  // Starts it, on the same port as before, and waits until it accepts.
  void start() {
    spawn_only();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!accepts()) {
      CARILLON_ASSERT(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  // Starts it and does not wait.
  void spawn_only() {
    CARILLON_ASSERT(pid_ == -1);
    std::vector<std::string> arguments{"redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1",
                                       "--save",       "",       "--appendonly",        "no",     "--dir",
                                       folder()};
    arguments.insert(arguments.end(), more_.begin(), more_.end());
    pid_ = spawn(arguments, folder() + "/redis.log");
    CARILLON_ASSERT(pid_ > 0);
  }
  // kill -9, and waits until it is gone.
  void kill() {
    if (pid_ == -1) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  void freeze() { ::kill(pid_, SIGSTOP); }
  void thaw() { ::kill(pid_, SIGCONT); }

  // Sends one command on a connection of its own. The answer as text: a status, an error with its '-',
  // a number, a string; "(down)" where there is no connection.
  std::string command(const std::vector<std::string>& words, std::string_view password = {}) const {
    const timeval limit{5, 0};
    const std::unique_ptr<redisContext, void (*)(redisContext*)> context(
        redisConnectWithTimeout("127.0.0.1", port_, limit), redisFree);
    if (!context || context->err != 0) return "(down)";
    redisSetTimeout(context.get(), limit);
    if (!password.empty()) ask(*context, {"AUTH", std::string(password)});
    return ask(*context, words);
  }
  std::string publish(std::string_view channel, std::string_view body) const {
    return command({"PUBLISH", std::string(channel), std::string(body)});
  }

 private:
  bool accepts() const {
    const std::unique_ptr<redisContext, void (*)(redisContext*)> context(redisConnect("127.0.0.1", port_),
                                                                         redisFree);
    return context && context->err == 0;
  }
  static std::string ask(redisContext& context, const std::vector<std::string>& words) {
    std::vector<const char*> pointers;
    std::vector<std::size_t> sizes;
    for (const auto& word : words) {
      pointers.push_back(word.data());
      sizes.push_back(word.size());
    }
    auto* const raw = static_cast<redisReply*>(
        redisCommandArgv(&context, static_cast<int>(words.size()), pointers.data(), sizes.data()));
    const std::unique_ptr<redisReply, void (*)(void*)> reply(raw, freeReplyObject);
    if (!reply) return "(down)";
    if (reply->type == REDIS_REPLY_INTEGER) return std::to_string(reply->integer);
    const std::string text = reply->str == nullptr ? "" : std::string(reply->str, reply->len);
    return reply->type == REDIS_REPLY_ERROR ? "-" + text : text;
  }

  const std::uint16_t port_;
  const std::vector<std::string> more_;
  TemporaryFolder folder_;
  pid_t pid_ = -1;
};

}  // namespace carillon::bus::testing

#include "fan_out/generator.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include "json/reader.h"

namespace carillon::bench {
namespace {

constexpr int kAnswerMax_ms = 60'000;
constexpr auto kQuitMax = std::chrono::seconds(5);

std::uint64_t number_of(const json::Value& answer, std::string_view name) {
  const auto value = answer.find(name);
  const auto number = value ? value->integer() : tl::unexpected(json::NumberFault{});
  return number ? static_cast<std::uint64_t>(*number) : 0;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<std::unique_ptr<Generator>> Generator::start(const std::vector<std::string>& command,
                                                    const std::string& token) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) return failure("no pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::vector<std::string> words = command;
  std::vector<std::string> variables{"CARILLON_TOKEN=" + token};
  pid_t child = -1;
  const int error = ::posix_spawn(&child, words.front().c_str(), &actions, nullptr, pointers_to(words).data(),
                                  pointers_to(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  std::unique_ptr<Generator> generator(new Generator(error == 0 ? child : -1, in[1], out[0]));
  if (error != 0) return failure("cannot start " + command.front());
  return generator;
}

Generator::~Generator() {
  ::close(to_child_);
  ::close(from_child_);
  if (child_ < 0) return;
  const auto deadline = std::chrono::steady_clock::now() + kQuitMax;
  while (::waitpid(child_, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) ::kill(child_, SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Result<std::string> Generator::send(const std::string& command) {
  const std::string line = command + '\n';
  if (::write(to_child_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    return failure("the load generator is gone");
  }
  return read_line();
}

Result<Received> Generator::ask(const std::string& command) {
  const auto answer = send(command);
  if (!answer) return tl::unexpected(answer.error());
  const auto object = json::parse(*answer);
  if (!object) return failure("the load generator answered: " + *answer);
  return Received{number_of(*object, "connected"),
                  number_of(*object, "lost"),
                  number_of(*object, "events"),
                  number_of(*object, "fewest"),
                  number_of(*object, "most"),
                  number_of(*object, "cpu_ns"),
                  static_cast<std::int64_t>(number_of(*object, "at_ns"))};
}

Result<Received> Generator::begin(MonoTime start, std::uint32_t events_per_s, std::uint64_t events) {
  return ask("begin " + std::to_string(start.time_since_epoch().count()) + ' ' +
             std::to_string(events_per_s) + ' ' + std::to_string(events));
}

Result<ReceivedLatency> Generator::latency() {
  const auto answer = send("latency");
  if (!answer) return tl::unexpected(answer.error());
  const auto object = json::parse(*answer);
  if (!object) return failure("the load generator answered: " + *answer);
  return ReceivedLatency{number_of(*object, "count"), number_of(*object, "p50_us"),
                         number_of(*object, "p99_us"), number_of(*object, "max_us")};
}

Result<std::string> Generator::read_line() {
  for (;;) {
    if (const std::size_t end = unread_.find('\n'); end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    pollfd readable{from_child_, POLLIN, 0};
    if (::poll(&readable, 1, kAnswerMax_ms) <= 0) return failure("the load generator does not answer");
    std::array<char, 4096> chunk;
    const ssize_t count = ::read(from_child_, chunk.data(), chunk.size());
    if (count <= 0) return failure("the load generator is gone");
    unread_.append(chunk.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace carillon::bench

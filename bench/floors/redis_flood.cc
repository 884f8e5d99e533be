// redis_flood: publishes events on a Redis channel, as fast as Redis accepts them or at a rate, with a
// limited number unanswered at a time, and then the message "end".
//
// Prints {"events", "received", "begin_ns", "cpu_ns", "wall_ns"}: `received` is the sum over all events of
// the subscribers that Redis delivered them to, without the last message; `begin_ns` is by the monotonic
// clock.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.h"
#include "base/time.h"
#include "common/clocks.h"
#include "common/json_line.h"
#include "loadgen/process.h"
#include "loadgen/publisher.h"
#include "loadgen/publishing.h"
#include "loadgen/text_template.h"
#include "loadgen/timetable.h"

namespace carillon::bench {
namespace {

constexpr timeval kPatience{30, 0};      // without an answer
constexpr auto kTick = milliseconds(1);  // at a rate, what is due goes out once in this time

struct Arguments {
  int port = 6379;
  std::string channel;
  std::uint64_t events = 100'000;
  std::size_t bytes = 256;
  std::uint64_t window = 256;
  double events_per_s = 0;  // 0: as fast as Redis takes them
  int core = -1;
};

class Flood {
 public:
  explicit Flood(const Arguments& arguments)
      : arguments_(arguments), body_(loadgen::EventBody::kDefault, arguments.bytes) {}
  ~Flood() { ::close(fd_); }
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;

  Result<std::monostate> connect();
  Result<std::monostate> publish_all();
  Result<std::monostate> say_end();
  std::uint64_t received() const { return received_; }

 private:
  Result<std::monostate> send_all();
  Result<std::monostate> read_answers();
  void read_answer(char byte);

  const Arguments& arguments_;
  const loadgen::EventBody body_;
  loadgen::RedisProtocol protocol_;
  int fd_ = -1;
  std::string out_;
  std::uint64_t answered_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t number_ = 0;  // of the answer that has begun
  bool refused_ = false;
};

Result<std::monostate> Flood::connect() {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(arguments_.port));
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return failure("no Redis on port " + std::to_string(arguments_.port));
  const int yes = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  return std::monostate{};
}

Result<std::monostate> Flood::publish_all() {
  loadgen::OutgoingEvent event{arguments_.channel, {}};
  const loadgen::Timetable plan({std::max(arguments_.events_per_s, 1.0), arguments_.events}, mono_now());
  std::uint64_t sent = 0;
  std::uint64_t due = arguments_.events_per_s > 0 ? 0 : arguments_.events;
  while (answered_ < arguments_.events) {
    if (sent == answered_ && sent == due) {
      loadgen::wait_until(std::max(plan.due(sent), mono_now() + kTick));
      due = plan.due_by(mono_now());
    }
    for (; sent < due && sent - answered_ < arguments_.window; ++sent) {
      event.data.clear();
      body_.append(event.data, sent);
      protocol_.append_request(out_, {&event, 1});
    }
    if (auto done = send_all(); !done) return done;
    if (sent == answered_) continue;
    if (auto done = read_answers(); !done) return done;
  }
  return std::monostate{};
}

Result<std::monostate> Flood::say_end() {
  const loadgen::OutgoingEvent event{arguments_.channel, "end"};
  protocol_.append_request(out_, {&event, 1});
  auto done = send_all();
  // Closing with an unread answer would reset the connection and lose what Redis has not read yet.
  while (done && answered_ < arguments_.events + 1) done = read_answers();
  return done;
}

Result<std::monostate> Flood::send_all() {
  std::string_view left = out_;
  while (!left.empty()) {
    const ssize_t count = ::send(fd_, left.data(), left.size(), MSG_NOSIGNAL);
    if (count <= 0) return failure("Redis takes nothing any more");
    left.remove_prefix(static_cast<std::size_t>(count));
  }
  out_.clear();
  return std::monostate{};
}

Result<std::monostate> Flood::read_answers() {
  std::array<char, 16 * 1024> bytes;
  const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (count <= 0) return failure("Redis went away, or is silent");
  std::for_each_n(bytes.begin(), count, [this](char byte) { read_answer(byte); });
  if (refused_) return failure("Redis refused an event");
  return std::monostate{};
}

// `:1\r\n`: one subscriber received it.
void Flood::read_answer(char byte) {
  if (byte >= '0' && byte <= '9') number_ = number_ * 10 + static_cast<std::uint64_t>(byte - '0');
  if (byte == '-') refused_ = true;
  if (byte != '\n') return;
  ++answered_;
  received_ += std::exchange(number_, 0);
}

Result<std::string> flood(const Arguments& arguments) {
  Flood flood(arguments);
  if (auto done = flood.connect(); !done) return tl::unexpected(done.error());
  const Stamp start = stamp_now();
  if (auto done = flood.publish_all(); !done) return tl::unexpected(done.error());
  const Span span = stamp_now() - start;
  const std::uint64_t received = flood.received();
  if (auto done = flood.say_end(); !done) return tl::unexpected(done.error());
  std::string line;
  json::ObjectWriter object(line);
  object.member("events", arguments.events).member("received", received);
  object.member("begin_ns", start.wall_ns).member("cpu_ns", span.cpu_ns).member("wall_ns", span.wall_ns);
  object.close();
  return line;
}

}  // namespace
}  // namespace carillon::bench

int main(int argc, char** argv) {
  carillon::bench::Arguments arguments;
  CLI::App app("Publishes on a Redis channel, as fast as Redis takes it or at a rate, and then \"end\".");
  app.add_option("--redis", arguments.port, "its port on loopback")
      ->check(CLI::Range(1, 65535))
      ->capture_default_str();
  app.add_option("--channel", arguments.channel)->required();
  app.add_option("--events", arguments.events)->check(CLI::Range(1, 1'000'000'000))->capture_default_str();
  app.add_option("--bytes", arguments.bytes, "of an event's body")
      ->check(CLI::Range(16, 1'048'576))
      ->capture_default_str();
  app.add_option("--window", arguments.window, "events unanswered at once")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--rate", arguments.events_per_s, "events a second; 0: as fast as Redis takes them")
      ->capture_default_str();
  app.add_option("--core", arguments.core, "stay on this core; -1: any")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (arguments.core >= 0) carillon::loadgen::pin_to_core(arguments.core);
  const auto row = carillon::bench::flood(arguments);
  if (!row) {
    std::fprintf(stderr, "redis_flood: %s\n", row.error().message.c_str());
    return 1;
  }
  carillon::bench::print_line(*row);
  return 0;
}

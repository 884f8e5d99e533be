#include "burst/readers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "loadgen/publisher.h"

namespace carillon::bench {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
constexpr std::size_t kHeadBytesMax = 16 * 1024;
constexpr int kLookEvery_ms = 100;

bool await_ready(int fd, short events) {
  pollfd ready{fd, events, 0};
  return ::poll(&ready, 1, static_cast<int>(milliseconds(Readers::kAnswerMax).count())) > 0;
}

}  // namespace

// Notes the reason of a close frame; pings need no answer within the time that a burst takes.
class Readers::Frames final : public loadgen::FrameListener {
 public:
  explicit Frames(std::string& first_close) : first_close_(first_close) {}

  void on_control(websocket::Opcode opcode, std::string_view payload) override {
    if (opcode != websocket::Opcode::close || !first_close_.empty() || payload.size() < 2) return;
    const auto byte = [&](std::size_t i) {
      return static_cast<unsigned>(static_cast<unsigned char>(payload[i]));
    };
    first_close_ = std::to_string(byte(0) << 8 | byte(1)).append(" ").append(payload.substr(2));
  }
  loadgen::Counts on_short(std::string_view) override { return loadgen::Counts::as_event; }

 private:
  std::string& first_close_;
};

Readers::Readers(const loadgen::ClientSettings& settings, Pace pace)
    : settings_(settings), pace_(pace), epoll_(::epoll_create1(EPOLL_CLOEXEC)), buffer_(kBufferBytes) {}

Readers::~Readers() {
  for (const Reader& reader : readers_) {
    if (reader.fd >= 0) ::close(reader.fd);
  }
  ::close(epoll_);
}

Result<std::monostate> Readers::connect(std::uint32_t clients) {
  readers_.resize(clients);
  for (std::uint32_t number = 0; number < clients; ++number) {
    if (auto upgraded = upgrade(number); !upgraded) return upgraded;
  }
  open_ = clients;
  return std::monostate{};
}

Result<std::monostate> Readers::upgrade(std::uint32_t number) {
  const int fd = loadgen::begin_connecting(settings_, number);
  if (fd < 0) return failure(std::strerror(errno));
  Reader& reader = readers_[number];
  reader.fd = fd;
  if (pace_.receive_buffer_bytes > 0)
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &pace_.receive_buffer_bytes, sizeof pace_.receive_buffer_bytes);
  const std::string request = loadgen::request_of(settings_, number);
  if (!await_ready(fd, POLLOUT) ||
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    return failure("cannot connect");
  const auto head = read_head(fd);
  if (!head) return tl::unexpected(head.error());
  const std::size_t end_of_head = head->find("\r\n\r\n") + 4;
  if (head->find(" 101 ") > head->find("\r\n"))
    return failure("refused: " + head->substr(0, head->find("\r\n")));
  note(reader, std::string_view(*head).substr(end_of_head));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u32 = number;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  return std::monostate{};
}

Result<std::string> Readers::read_head(int fd) {
  std::string head;
  while (head.find("\r\n\r\n") == std::string::npos) {
    std::array<char, 4096> bytes;
    const ssize_t count = await_ready(fd, POLLIN) ? ::recv(fd, bytes.data(), bytes.size(), 0) : 0;
    if (count <= 0 || head.size() > kHeadBytesMax) return failure("no answer to an upgrade");
    head.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return head;
}

Readers::Outcome Readers::await(std::uint64_t events) {
  awaited_ = events;
  unfinished_ = open_;
  last_byte_at_ = mono_now();
  MonoTime last_tick = last_byte_at_;
  while (unfinished_ > 0 && mono_now() - last_byte_at_ < kQuietMax) {
    if (pace_.bytes_per_s > 0) {
      read_at_pace(last_tick);
    } else {
      read_ready_ones();
    }
  }
  outcome_.fewest = readers_.empty() ? 0 : std::numeric_limits<std::uint64_t>::max();
  outcome_.received = 0;
  for (const Reader& reader : readers_) {
    outcome_.fewest = std::min(outcome_.fewest, reader.events);
    outcome_.received += reader.events;
  }
  return outcome_;
}

void Readers::read_ready_ones() {
  std::array<epoll_event, 256> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kLookEvery_ms);
  for (int i = 0; i < count; ++i) read(readers_[events[static_cast<std::size_t>(i)].data.u32], kBufferBytes);
}

// Each client may read what a link of its rate has carried since the last tick.
void Readers::read_at_pace(MonoTime& last_tick) {
  loadgen::wait_until(last_tick + kTick);
  const MonoTime now = mono_now();
  const double passed_s = std::chrono::duration<double>(now - std::exchange(last_tick, now)).count();
  const double credit_max = pace_.bytes_per_s * std::chrono::duration<double>(kCreditMax).count();
  for (Reader& reader : readers_) {
    if (reader.fd < 0) continue;
    reader.credit_bytes = std::min(reader.credit_bytes + passed_s * pace_.bytes_per_s, credit_max);
    read(reader, std::min(static_cast<std::size_t>(reader.credit_bytes), kBufferBytes));
  }
}

void Readers::read(Reader& reader, std::size_t bytes_max) {
  if (bytes_max == 0) return;
  const ssize_t count = ::recv(reader.fd, buffer_.data(), bytes_max, MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return end(reader);
  last_byte_at_ = mono_now();
  reader.credit_bytes -= static_cast<double>(count);
  note(reader, {buffer_.data(), static_cast<std::size_t>(count)});
}

void Readers::end(Reader& reader) {
  ::close(std::exchange(reader.fd, -1));
  --open_;
  ++outcome_.closed;
  if (reader.events < awaited_) --unfinished_;
}

void Readers::note(Reader& reader, std::string_view bytes) {
  Frames frames(outcome_.first_close);
  const std::uint64_t before = reader.events;
  reader.events += reader.frames.feed(bytes, frames);
  if (awaited_ == 0 || before >= awaited_ || reader.events < awaited_) return;
  outcome_.last_ns = last_byte_at_.time_since_epoch().count();
  if (outcome_.complete++ == 0) outcome_.first_ns = outcome_.last_ns;
  --unfinished_;
}

}  // namespace carillon::bench

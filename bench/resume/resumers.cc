#include "resume/resumers.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/clocks.h"
#include "websocket/frame_writer.h"

namespace carillon::bench {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
constexpr std::size_t kHeadBytesMax = 16 * 1024;
constexpr std::size_t kFrameBytesMax = 4 * 1024 * 1024;
constexpr int kLookEvery_ms = 20;
constexpr websocket::MaskKey kMask{0x12, 0x34, 0x56, 0x78};
constexpr unsigned kFinal = 0x80;
constexpr unsigned kOpcode = 0x0F;

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// The header of a server's frame: its own size and the payload's; 0 and 0 while it is not whole.
std::pair<std::size_t, std::size_t> header_of(std::string_view bytes) {
  if (bytes.size() < 2) return {};
  const unsigned length = byte_at(bytes, 1) & 0x7F;
  if (length < 126) return {2, length};
  const std::size_t header = length == 126 ? 4 : 10;
  if (bytes.size() < header) return {};
  std::size_t payload = 0;
  for (std::size_t i = 2; i < header; ++i) payload = payload << 8 | byte_at(bytes, i);
  return {header, payload};
}

}  // namespace

Resumers::Resumers(const loadgen::ClientSettings& settings, const Protocol& protocol, const Crowd& crowd)
    : settings_(settings),
      protocol_(protocol),
      crowd_(crowd),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      clients_(crowd.clients),
      buffer_(kBufferBytes) {}

Resumers::~Resumers() {
  for (const Client& client : clients_) {
    if (client.fd >= 0) ::close(client.fd);
  }
  ::close(epoll_);
}

Resumers::Outcome Resumers::connect(std::uint64_t last) {
  started_ = connecting_ = 0;
  begin(last);
  return run();
}

Resumers::Outcome Resumers::await(std::uint64_t last) {
  begin(last);
  for (const Client& client : clients_) {
    if (is_complete(client)) ++outcome_.complete;
  }
  return run();
}

void Resumers::begin(std::uint64_t last) {
  last_ = last;
  outcome_ = {};
  last_progress_at_ = mono_now();
}

Resumers::Outcome Resumers::run() {
  const Stamp start = stamp_now();
  outcome_.begin_ns = start.wall_ns;
  while (!done() && mono_now() - last_progress_at_ < kQuietMax) turn(kLookEvery_ms);
  outcome_.cpu_ns = (stamp_now() - start).cpu_ns;
  const MonoTime end = mono_now() + kSurplusFor;
  while (mono_now() < end) turn(kLookEvery_ms);
  return outcome_;
}

bool Resumers::done() const {
  return started_ == clients_.size() && outcome_.complete + outcome_.refused + outcome_.closed >= started_;
}

void Resumers::cut() {
  const linger at_once{1, 0};
  for (Client& client : clients_) {
    if (client.fd < 0) continue;
    ::setsockopt(client.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(client.fd);
    client = Client{-1, State::closed, false, client.received, std::move(client.position), {}};
  }
}

void Resumers::turn(int timeout_ms) {
  while (started_ < clients_.size() && connecting_ < crowd_.connecting_max) start(started_++);
  std::array<epoll_event, 512> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    on_ready(event.data.u32, event.events);
  }
}

void Resumers::start(std::uint32_t index) {
  Client& client = clients_[index];
  ++connecting_;
  client.state = State::connecting;
  client.fd = loadgen::begin_connecting(settings_, index);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u32 = index;
  if (client.fd < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event) != 0) {
    end(client, outcome_.refused);
  }
}

void Resumers::on_ready(std::uint32_t index, std::uint32_t epoll_events) {
  Client& client = clients_[index];
  switch (client.state) {
    case State::connecting:
      if (epoll_events & (EPOLLERR | EPOLLHUP)) return end(client, outcome_.refused);
      if (epoll_events & EPOLLOUT) send_request(index);
      return;
    case State::upgrading:
    case State::open:
      if (epoll_events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) read(index);
      return;
    case State::closed:
      return;
  }
}

void Resumers::send_request(std::uint32_t index) {
  Client& client = clients_[index];
  const std::string request = loadgen::request_of(settings_, index);
  if (::send(client.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return end(client, outcome_.refused);
  }
  client.state = State::upgrading;
}

void Resumers::read(std::uint32_t index) {
  Client& client = clients_[index];
  while (client.state != State::closed) {
    const ssize_t count = ::recv(client.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return end(client, client.state == State::open ? outcome_.closed : outcome_.refused);
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(count));
    outcome_.bytes += bytes.size();
    const std::uint64_t received = client.received;
    if (client.unread.empty()) {
      const std::size_t taken = parse(index, bytes);
      if (client.state != State::closed) client.unread.assign(bytes.substr(taken));
    } else {
      client.unread.append(bytes);
      client.unread.erase(0, parse(index, client.unread));
    }
    if (client.received > received) last_progress_at_ = mono_now();
  }
}

// Returns how many bytes it took: all but the beginning of what is not whole.
std::size_t Resumers::parse(std::uint32_t index, std::string_view bytes) {
  std::size_t taken = 0;
  while (clients_[index].state != State::closed) {
    const std::string_view rest = bytes.substr(taken);
    const bool is_head = clients_[index].state == State::upgrading;
    const std::size_t more = is_head ? parse_head(index, rest) : parse_frame(index, rest);
    if (more == 0) return taken;
    taken += more;
  }
  return bytes.size();
}

std::size_t Resumers::parse_head(std::uint32_t index, std::string_view bytes) {
  Client& client = clients_[index];
  const std::size_t end_of_head = bytes.find("\r\n\r\n");
  if (end_of_head == std::string_view::npos && bytes.size() < kHeadBytesMax) return 0;
  if (!bytes.starts_with("HTTP/1.1 101 ") || end_of_head == std::string_view::npos) {
    end(client, outcome_.refused);
    return 0;
  }
  client.state = State::open;
  --connecting_;
  last_progress_at_ = mono_now();
  send_text(client, protocol_.opening("bench." + std::to_string(index % crowd_.channels), client.position));
  return end_of_head + 4;
}

std::size_t Resumers::parse_frame(std::uint32_t index, std::string_view bytes) {
  Client& client = clients_[index];
  const auto [header, payload] = header_of(bytes);
  if (payload > kFrameBytesMax) {
    end(client, outcome_.closed);
    return 0;
  }
  if (header == 0 || bytes.size() < header + payload) return 0;
  const auto opcode = static_cast<websocket::Opcode>(byte_at(bytes, 0) & kOpcode);
  const std::string_view text = bytes.substr(header, payload);
  if (opcode == websocket::Opcode::text && (byte_at(bytes, 0) & kFinal) != 0) {
    on_message(client, text);
  } else if (opcode == websocket::Opcode::ping) {
    send_.clear();
    websocket::append_masked_frame(send_, websocket::Opcode::pong, text, kMask);
    static_cast<void>(::send(client.fd, send_.data(), send_.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
  } else {  // a close, or a fragment, which neither server sends
    end(client, outcome_.closed);
  }
  return header + payload;
}

void Resumers::on_message(Client& client, std::string_view message) {
  understood_.answer = Understood::Answer::none;
  understood_.numbers.clear();
  understood_.reply.clear();
  const bool was_complete = is_complete(client);
  protocol_.read(message, client.position, understood_);
  if (!understood_.reply.empty()) send_text(client, understood_.reply);
  if (understood_.answer == Understood::Answer::refused) return end(client, outcome_.refused);
  if (understood_.answer != Understood::Answer::none) {
    client.answered = true;
    ++outcome_.subscribed;
    if (understood_.answer == Understood::Answer::recovered) ++outcome_.recovered;
  }
  for (const std::uint64_t number : understood_.numbers) on_event(client, number);
  if (was_complete || !is_complete(client)) return;
  outcome_.last_ns = mono_now().time_since_epoch().count();
  if (outcome_.complete++ == 0) outcome_.first_ns = outcome_.last_ns;
}

// An event that is not the next one is counted and otherwise ignored, so that its client stays incomplete.
void Resumers::on_event(Client& client, std::uint64_t number) {
  if (number != client.received + 1) {
    ++outcome_.out_of_order;
    return;
  }
  client.received = number;
}

void Resumers::send_text(Client& client, std::string_view text) {
  send_.clear();
  websocket::append_masked_frame(send_, websocket::Opcode::text, text, kMask);
  if (::send(client.fd, send_.data(), send_.size(), MSG_DONTWAIT | MSG_NOSIGNAL) !=
      static_cast<ssize_t>(send_.size())) {
    end(client, outcome_.closed);
  }
}

void Resumers::end(Client& client, std::uint32_t& counter) {
  if (client.state == State::connecting || client.state == State::upgrading) --connecting_;
  if (!is_complete(client)) ++counter;
  client.state = State::closed;
  if (client.fd >= 0) ::close(std::exchange(client.fd, -1));
}

}  // namespace carillon::bench

#include "flood/flooders.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <limits>
#include <utility>

namespace carillon::bench {
namespace {

constexpr std::uint64_t kWatched = std::numeric_limits<std::uint64_t>::max();
constexpr in_addr_t kFirstSource = INADDR_LOOPBACK + 0xFF;  // 127.0.1.0: no address of a well-behaved client
constexpr std::size_t kDiscardMax = 1024 * 1024;
constexpr std::size_t kAnswerBytes = 4096;

sockaddr_in address_of(in_addr_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host);
  address.sin_port = htons(port);
  return address;
}

int connecting_socket(in_addr_t source, std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  const int bytes = Flooders::kSendBufferBytes;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
  const linger reset{1, 0};  // without it every connection would leave its port unusable for a minute
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  const sockaddr_in from = address_of(source, 0);
  ::bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from);
  const sockaddr_in to = address_of(INADDR_LOOPBACK, port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 || errno == EINPROGRESS)
    return fd;
  ::close(fd);
  return -1;
}

}  // namespace

Flooders::Flooders(FloodKind kind, std::uint16_t port, std::string request, std::uint32_t count)
    : kind_(kind),
      port_(port),
      request_(std::move(request)),
      flood_(flood_of(kind)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      flooders_(count) {}

Flooders::~Flooders() {
  for (const Flooder& flooder : flooders_) {
    if (flooder.fd >= 0) ::close(flooder.fd);
  }
  ::close(epoll_);
}

void Flooders::watch(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWatched;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

std::uint64_t Flooders::units_sent() const {
  return counters_.sent_bytes / flood_.bytes.size() * flood_.units;
}

bool Flooders::turn(int timeout_ms) {
  const MonoTime now = mono_now();
  for (std::uint32_t index = 0; index < flooders_.size(); ++index) {
    if (flooders_[index].state == State::waiting && flooders_[index].again_at <= now) start(index);
  }
  std::array<epoll_event, 512> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  bool watched = false;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == kWatched) {
      watched = true;
    } else {
      on_ready(static_cast<std::uint32_t>(event.data.u64), event.events);
    }
  }
  return watched;
}

void Flooders::start(std::uint32_t index) {
  Flooder& flooder = flooders_[index];
  flooder.fd = connecting_socket(kFirstSource + index, port_);
  flooder.state = State::connecting;
  flooder.sent = 0;
  epoll_event event{};
  event.events = EPOLLOUT;
  event.data.u64 = index;
  if (flooder.fd < 0 || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, flooder.fd, &event) != 0)
    end(index, EndedBy::server);
}

void Flooders::want(std::uint32_t index, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = index;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, flooders_[index].fd, &event);
}

void Flooders::on_ready(std::uint32_t index, std::uint32_t events) {
  switch (flooders_[index].state) {
    case State::waiting:
      return;
    case State::connecting:
      if (events & (EPOLLERR | EPOLLHUP)) return end(index, EndedBy::server);
      return on_connected(index);
    case State::upgrading:
      if (!read_answer(index)) end(index, EndedBy::server);
      return;
    case State::flooding:
      if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) && !read(index)) return;
      if (events & EPOLLOUT) flood(index);
      return;
  }
}

void Flooders::on_connected(std::uint32_t index) {
  Flooder& flooder = flooders_[index];
  if (needs_upgrade(kind_)) {
    ::send(flooder.fd, request_.data(), request_.size(), MSG_NOSIGNAL);  // it fits: the socket is new
    flooder.state = State::upgrading;
    return want(index, EPOLLIN);
  }
  begin(flooder);
  want(index, EPOLLIN | EPOLLOUT);
}

// False when the server refuses. An answer comes in one piece, and nothing behind it matters.
bool Flooders::read_answer(std::uint32_t index) {
  std::array<char, kAnswerBytes> bytes;
  const ssize_t count = ::recv(flooders_[index].fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count < 0 && errno == EAGAIN) return true;
  if (count <= 0 ||
      !std::string_view(bytes.data(), static_cast<std::size_t>(count)).starts_with("HTTP/1.1 101"))
    return false;
  begin(flooders_[index]);
  want(index, EPOLLIN | EPOLLOUT);
  return true;
}

void Flooders::begin(Flooder& flooder) {
  flooder.state = State::flooding;
  ++counters_.opened;
  if (!std::exchange(flooder.begun, true)) ++begun_;
}

// MSG_TRUNC discards the bytes without copying them (tcp(7)). False when the connection has ended.
bool Flooders::read(std::uint32_t index) {
  const ssize_t count = ::recv(flooders_[index].fd, nullptr, kDiscardMax, MSG_DONTWAIT | MSG_TRUNC);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (count <= 0) {
    end(index, EndedBy::server);
    return false;
  }
  counters_.received_bytes += static_cast<std::uint64_t>(count);
  if (kind_ != FloodKind::client_hellos) return true;
  end(index, EndedBy::itself);
  return false;
}

void Flooders::flood(std::uint32_t index) {
  Flooder& flooder = flooders_[index];
  const std::string_view left = std::string_view(flood_.bytes).substr(flooder.sent);
  const ssize_t count = ::send(flooder.fd, left.data(), left.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count < 0) return end(index, EndedBy::server);
  counters_.sent_bytes += static_cast<std::uint64_t>(count);
  flooder.sent += static_cast<std::uint32_t>(count);
  if (flooder.sent < flood_.bytes.size()) return;
  flooder.sent = 0;
  if (kind_ == FloodKind::client_hellos) want(index, EPOLLIN);
}

void Flooders::end(std::uint32_t index, EndedBy by) {
  Flooder& flooder = flooders_[index];
  if (flooder.state != State::flooding) ++counters_.refused;
  if (flooder.state == State::flooding && by == EndedBy::server) ++counters_.closed;
  if (!std::exchange(flooder.begun, true)) ++begun_;
  flooder.state = State::waiting;
  flooder.again_at = by == EndedBy::server ? mono_now() + kPause : mono_now();
  if (flooder.fd >= 0) ::close(std::exchange(flooder.fd, -1));
}

}  // namespace carillon::bench

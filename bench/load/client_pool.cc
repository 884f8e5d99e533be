#include "load/client_pool.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "websocket/frame_writer.h"
#include "websocket/handshake.h"

namespace carillon::bench {
namespace {

constexpr std::size_t kReceiveBytes = 256 * 1024;
constexpr std::size_t kAnswerHeadMax = 16 * 1024;
constexpr std::uint64_t kWatched = std::numeric_limits<std::uint64_t>::max();
constexpr std::string_view kKey = "Y2FyaWxsb24gYmVuY2ghIQ==";

std::string request_of(const Target& target) {
  std::string request = "GET " + target.path;
  if (!target.token.empty()) {
    request += target.path.find('?') == std::string::npos ? "?token=" : "&token=";
    request += target.token;
  }
  request += " HTTP/1.1\r\nHost: " + target.host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  request += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + std::string(kKey) + "\r\n\r\n";
  return request;
}

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

// Both calls take any address as a sockaddr.
const sockaddr* as_any(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

void bind_source(int fd, std::uint32_t index) {
  const int yes = 1;
  // The port is chosen at connect(), when the whole pair is known, so that ports of one address last.
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  sockaddr_in source = address_of("127.0.0.1", 0);
  source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + index % ClientPool::kSourceAddresses);
  ::bind(fd, as_any(source), sizeof source);
}

}  // namespace

// Hears one client's control frames.
class ClientPool::Answering final : public ControlFrames {
 public:
  Answering(int fd, PoolCounters& counters) : fd_(fd), counters_(counters) {}
  void on_control(websocket::Opcode opcode, std::string_view payload) override {
    if (opcode != websocket::Opcode::ping) return;  // after a close the server ends the stream
    std::string pong;
    websocket::append_masked_frame(pong, websocket::Opcode::pong, payload, {0x12, 0x34, 0x56, 0x78});
    // Should the socket be full, this ping goes unanswered; the next one is 30 s away, the limit 60.
    if (::send(fd_, pong.data(), pong.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) ++counters_.pings;
  }

 private:
  int fd_;
  PoolCounters& counters_;
};

ClientPool::ClientPool(Target target)
    : target_(std::move(target)),
      request_(request_of(target_)),
      accept_line_("Sec-WebSocket-Accept: " + websocket::accept_key(kKey)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      receive_(kReceiveBytes) {}

ClientPool::~ClientPool() {
  for (Client& client : clients_) {
    if (client.fd >= 0) ::close(client.fd);
  }
  ::close(epoll_);
}

void ClientPool::watch(int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWatched;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

bool ClientPool::turn(int timeout_ms) {
  start_handshakes();
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

void ClientPool::start_handshakes() {
  while (clients_.size() < wanted_ && handshakes_ < kHandshakesMax) {
    const auto index = static_cast<std::uint32_t>(clients_.size());
    clients_.emplace_back();
    if (!start(index)) {
      clients_[index].state = State::gone;
      ++counters_.refused;
    }
  }
}

bool ClientPool::start(std::uint32_t index) {
  Client& client = clients_[index];
  client.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client.fd < 0) return false;
  if (target_.host.starts_with("127.")) bind_source(client.fd, index);
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = index;
  const sockaddr_in to = address_of(target_.host, target_.port);
  const bool begun = ::connect(client.fd, as_any(to), sizeof to) == 0 || errno == EINPROGRESS;
  if (!begun || ::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd, &event) != 0) {
    ::close(std::exchange(client.fd, -1));
    return false;
  }
  ++handshakes_;
  return true;
}

void ClientPool::on_ready(std::uint32_t index, std::uint32_t epoll_events) {
  if (clients_[index].state == State::connecting) {
    if (epoll_events & (EPOLLERR | EPOLLHUP)) return end(index);
    if (epoll_events & EPOLLOUT) send_request(index);
  }
  if (epoll_events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) read(index);
}

void ClientPool::send_request(std::uint32_t index) {
  Client& client = clients_[index];
  // It fits: the socket is new, and a request is a few hundred bytes.
  const ssize_t sent = ::send(client.fd, request_.data(), request_.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request_.size())) return end(index);
  client.state = State::awaiting_101;
  client.head = std::make_unique<std::string>();
}

void ClientPool::read(std::uint32_t index) {
  while (clients_[index].state != State::gone) {
    const ssize_t count = ::recv(clients_[index].fd, receive_.data(), receive_.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return end(index);
    if (count < 0) return;
    ++counters_.reads;
    on_bytes(index, {receive_.data(), static_cast<std::size_t>(count)});
    // All that was there; what comes now brings a new edge.
    if (static_cast<std::size_t>(count) < receive_.size()) return;
  }
}

void ClientPool::on_bytes(std::uint32_t index, std::string_view bytes) {
  Client& client = clients_[index];
  if (client.state != State::open) return on_head_bytes(index, bytes);
  counters_.bytes += bytes.size();
  Answering answering(client.fd, counters_);
  const std::uint32_t events = client.frames.feed(bytes, answering);
  client.events += events;
  counters_.events += events;
}

void ClientPool::on_head_bytes(std::uint32_t index, std::string_view bytes) {
  Client& client = clients_[index];
  client.head->append(bytes);
  const std::size_t end_of_head = client.head->find("\r\n\r\n");
  if (end_of_head == std::string::npos) {
    if (client.head->size() > kAnswerHeadMax) end(index);
    return;
  }
  const std::string answer = std::move(*std::exchange(client.head, nullptr));
  const std::string_view head = std::string_view(answer).substr(0, end_of_head);
  if (!head.starts_with("HTTP/1.1 101 ") || head.find(accept_line_) == std::string_view::npos) {
    return end(index);
  }
  client.state = State::open;
  client.was_open = true;
  --handshakes_;
  ++counters_.connected;
  if (answer.size() > end_of_head + 4) on_bytes(index, std::string_view(answer).substr(end_of_head + 4));
}

void ClientPool::end(std::uint32_t index) {
  Client& client = clients_[index];
  if (client.state == State::gone) return;
  if (client.state == State::open) {
    --counters_.connected;
    ++counters_.lost;
  } else {
    --handshakes_;
    ++counters_.refused;
  }
  client.state = State::gone;
  client.head.reset();
  ::close(std::exchange(client.fd, -1));
}

ClientPool::Extremes ClientPool::extremes() const {
  Extremes extremes{std::numeric_limits<std::uint64_t>::max(), 0};
  for (const Client& client : clients_) {
    if (!client.was_open) continue;
    extremes.fewest = std::min(extremes.fewest, client.events);
    extremes.most = std::max(extremes.most, client.events);
  }
  if (extremes.most < extremes.fewest) extremes.fewest = extremes.most;
  return extremes;
}

}  // namespace carillon::bench

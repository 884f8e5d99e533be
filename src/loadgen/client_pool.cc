#include "loadgen/client_pool.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "websocket/handshake.h"

namespace carillon::loadgen {
namespace {

constexpr std::size_t kReceiveBytes = 256 * 1024;
constexpr std::size_t kAnswerHeadMax = 16 * 1024;
constexpr std::uint64_t kWatched = std::numeric_limits<std::uint64_t>::max();

bool control_epoll(int epoll, int operation, int fd, std::uint32_t events, std::uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  return ::epoll_ctl(epoll, operation, fd, &event) == 0;
}

}  // namespace

void PoolCounters::add(const PoolCounters& other) {
  connected += other.connected;
  stalled += other.stalled;
  refused += other.refused;
  lost += other.lost;
  stalled_lost += other.stalled_lost;
  events += other.events;
  bytes += other.bytes;
  pings += other.pings;
  reads += other.reads;
  checked += other.checked;
  out_of_order += other.out_of_order;
}

ClientPool::ClientPool(const ClientSettings& settings, Numbering numbering)
    : settings_(settings),
      numbering_(numbering),
      accept_key_(websocket::accept_key(websocket_key())),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      receive_(kReceiveBytes) {
  for (const ClientSettings::Answer& answer : settings.answers) {
    short_bytes_max_ = std::max(short_bytes_max_, answer.question.size());
  }
}

ClientPool::~ClientPool() {
  for (Client& client : clients_) {
    if (client.fd >= 0) ::close(client.fd);
  }
  ::close(epoll_);
}

void ClientPool::want(std::uint32_t clients) {
  wanted_ = clients;
  clients_.reserve(clients);
}

void ClientPool::watch(int fd) { control_epoll(epoll_, EPOLL_CTL_ADD, fd, EPOLLIN, kWatched); }

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
    if (index % kLookEvery == 0) looks_.emplace_back();
    if (settings_.transport == Transport::sse) streams_.emplace_back();
    start(index);
  }
}

void ClientPool::start(std::uint32_t index) {
  Client& client = clients_[index];
  ++handshakes_;
  client.handshake = std::make_unique<Handshake>(Handshake{mono_now(), {}});
  client.fd = begin_connecting(settings_, number_of(index));
  if (client.fd < 0) return refuse(index, std::strerror(errno));
  constexpr std::uint32_t kAll = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  if (!control_epoll(epoll_, EPOLL_CTL_ADD, client.fd, kAll, index)) refuse(index, std::strerror(errno));
}

void ClientPool::on_ready(std::uint32_t index, std::uint32_t epoll_events) {
  switch (clients_[index].state) {
    case State::connecting:
      if (epoll_events & (EPOLLERR | EPOLLHUP)) {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(clients_[index].fd, SOL_SOCKET, SO_ERROR, &error, &size);
        return refuse(index, std::strerror(error));
      }
      if (epoll_events & EPOLLOUT) send_request(index);
      return;
    case State::awaiting_answer:
    case State::open:
      if (epoll_events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) return read(index, Until::end);
      if (epoll_events & EPOLLIN) read(index, Until::nothing_more_is_there);
      return;
    case State::stalled:
      if (epoll_events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) end(index);
      return;
    case State::gone:
      return;
  }
}

void ClientPool::send_request(std::uint32_t index) {
  Client& client = clients_[index];
  const std::string request = request_of(settings_, number_of(index));
  // It fits: the socket is new, and a request is a few hundred bytes.
  const ssize_t sent = ::send(client.fd, request.data(), request.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(request.size())) return refuse(index, std::strerror(errno));
  client.state = State::awaiting_answer;
}

void ClientPool::read(std::uint32_t index, Until until) {
  while (clients_[index].state == State::open || clients_[index].state == State::awaiting_answer) {
    const ssize_t count = ::recv(clients_[index].fd, receive_.data(), receive_.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return end(index);
    if (count < 0) return;
    const std::string_view bytes(receive_.data(), static_cast<std::size_t>(count));
    if (clients_[index].state == State::open) {
      receive(index, bytes, mono_now());
    } else {
      on_head_bytes(index, bytes);
    }
    // All that was there; what comes now brings a new edge. An end that is there already brings none.
    if (bytes.size() < receive_.size() && until == Until::nothing_more_is_there) return;
  }
}

void ClientPool::on_head_bytes(std::uint32_t index, std::string_view bytes) {
  std::string& head = clients_[index].handshake->head;
  head.append(bytes);
  const std::size_t end_of_head = head.find("\r\n\r\n");
  if (end_of_head == std::string::npos) {
    if (head.size() > kAnswerHeadMax) refuse(index, "the response head is too long");
    return;
  }
  const std::string answer = std::move(head);
  if (!is_welcome(index, std::string_view(answer).substr(0, end_of_head))) {
    return refuse(index, answer.substr(0, std::min<std::size_t>(answer.find("\r\n"), 100)));
  }
  open(index);
  const std::string_view rest = std::string_view(answer).substr(end_of_head + 4);
  if (!rest.empty() && clients_[index].state == State::open) receive(index, rest, mono_now());
}

bool ClientPool::is_welcome(std::uint32_t index, std::string_view head) {
  const AnswerHead answer = read_answer_head(head);
  if (settings_.transport == Transport::sse) {
    streams_[index].chunked = answer.chunked;
    return answer.status == 200;
  }
  return answer.status == 101 && head.find(accept_key_) != std::string_view::npos;
}

void ClientPool::open(std::uint32_t index) {
  Client& client = clients_[index];
  handshake_times_.record(mono_now() - client.handshake->begun);
  client.handshake.reset();
  client.state = State::open;
  client.was_open = true;
  --handshakes_;
  ++counters_.connected;
  if (!greet(index)) return end(index);
  if (number_of(index) >= settings_.stall_from) stall(index);
}

bool ClientPool::greet(std::uint32_t index) {
  for (const ClientTemplate& hello : settings_.hellos) {
    if (!send_message(clients_[index].fd, settings_.opcode, hello.of(number_of(index)))) return false;
  }
  return true;
}

void ClientPool::stall(std::uint32_t index) {
  clients_[index].state = State::stalled;
  ++counters_.stalled;
  control_epoll(epoll_, EPOLL_CTL_MOD, clients_[index].fd, EPOLLRDHUP | EPOLLET, index);
}

void ClientPool::refuse(std::uint32_t index, std::string why) {
  if (first_refusal_.empty()) first_refusal_ = std::move(why);
  end(index);
}

void ClientPool::end(std::uint32_t index) {
  Client& client = clients_[index];
  switch (client.state) {
    case State::connecting:
    case State::awaiting_answer:
      if (first_refusal_.empty()) first_refusal_ = "the connection was closed without an answer";
      --handshakes_;
      ++counters_.refused;
      break;
    case State::open:
      --counters_.connected;
      ++counters_.lost;
      break;
    case State::stalled:
      --counters_.connected;
      --counters_.stalled;
      ++counters_.stalled_lost;
      break;
    case State::gone:
      return;
  }
  client.state = State::gone;
  client.handshake.reset();
  if (client.fd >= 0) ::close(std::exchange(client.fd, -1));
}

ClientPool::Extremes ClientPool::extremes() const {
  Extremes extremes{std::numeric_limits<std::uint64_t>::max(), 0};
  for (const Client& client : clients_) {
    if (!client.was_open) continue;
    extremes.fewest = std::min(extremes.fewest, client.received);
    extremes.most = std::max(extremes.most, client.received);
  }
  if (extremes.most < extremes.fewest) extremes.fewest = extremes.most;
  return extremes;
}

}  // namespace carillon::loadgen

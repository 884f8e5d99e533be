#include "loadgen/publisher.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

namespace carillon::loadgen {
namespace {

// ppoll counts nanoseconds: a timetable of 500 events a second has 2 ms a line.
int poll_until(pollfd* fds, nfds_t count, MonoTime until) {
  const auto left = std::max<std::int64_t>(0, (until - mono_now()).count());
  const timespec timeout{static_cast<time_t>(left / 1'000'000'000), static_cast<long>(left % 1'000'000'000)};
  return ::ppoll(fds, count, &timeout, nullptr);
}

tl::unexpected<Error> publish_failure(const std::string& what) { return failure("cannot publish: " + what); }

}  // namespace

void wait_until(MonoTime until) { poll_until(nullptr, 0, until); }

Result<std::unique_ptr<Publisher>> Publisher::connect(const SocketAddress& address,
                                                      std::unique_ptr<PublishProtocol> protocol) {
  std::unique_ptr<Publisher> publisher(new Publisher(address, std::move(protocol)));
  if (auto opened = publisher->open(); !opened) return tl::unexpected(opened.error());
  return publisher;
}

Publisher::~Publisher() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::monostate> Publisher::open() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = ::socket(address_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return publish_failure(std::strerror(errno));
  const int yes = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (::connect(fd_, address_.get(), address_.size()) != 0 && errno != EINPROGRESS) {
    return publish_failure(std::strerror(errno));
  }
  pollfd writable{fd_, POLLOUT, 0};
  if (poll_until(&writable, 1, mono_now() + kConnectMax) <= 0)
    return publish_failure("no connection within 5 s");
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return publish_failure(std::strerror(error));
  return std::monostate{};
}

// Servers close a connection after a number of requests, some after a thousand. Requests without a response
// by then were not processed and are sent again. A server that never responds is given up.
Result<std::monostate> Publisher::reopen() {
  if (!protocol_->may_reconnect()) return publish_failure("the server has closed the connection");
  if (!unanswered_.empty() && !std::exchange(answered_, false)) {
    return publish_failure("the server closes without an answer");
  }
  if (auto opened = open(); !opened) return opened;
  protocol_->reset();
  unsent_.clear();
  sent_ = 0;
  for (const Request& request : unanswered_) append(request);
  return std::monostate{};
}

Result<std::monostate> Publisher::renew() {
  if (!unanswered_.empty()) return std::monostate{};
  if (auto opened = open(); !opened) return opened;
  protocol_->reset();
  unsent_.clear();
  sent_ = 0;
  return std::monostate{};
}

void Publisher::begin(EventMaker maker) {
  maker_ = std::move(maker);
  offered_ = made_ = published_ = refused_ = 0;
  refusal_.clear();
}

void Publisher::make_requests() {
  while (made_ < offered_ && unanswered_.size() < protocol_->requests_max() &&
         unsent_.size() - sent_ < kUnsentBytesMax) {
    const std::uint64_t events = std::min<std::uint64_t>(offered_ - made_, protocol_->events_a_request_max());
    unanswered_.push_back({made_, events});
    append(unanswered_.back());
    made_ += events;
  }
}

void Publisher::append(const Request& request) {
  batch_.clear();
  for (std::uint64_t n = request.first; n < request.first + request.events; ++n) batch_.push_back(maker_(n));
  protocol_->append_request(unsent_, batch_);
}

Result<std::monostate> Publisher::turn(MonoTime until) {
  make_requests();
  if (auto sent = send(); !sent) return sent;
  const bool unsent = !unsent_.empty();
  pollfd ready{fd_, static_cast<short>(unsent ? POLLIN | POLLOUT : POLLIN), 0};
  if (poll_until(&ready, 1, until) <= 0) return std::monostate{};
  if (ready.revents & (POLLIN | POLLHUP | POLLERR)) return receive();
  return std::monostate{};  // writable: the next turn sends
}

Result<std::monostate> Publisher::send() {
  while (sent_ < unsent_.size()) {
    const ssize_t count = ::send(fd_, unsent_.data() + sent_, unsent_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
      unsent_.erase(0, std::exchange(sent_, 0));
      return std::monostate{};
    }
    if (count < 0) return reopen();
    sent_ += static_cast<std::size_t>(count);
  }
  unsent_.clear();
  sent_ = 0;
  return std::monostate{};
}

Result<std::monostate> Publisher::receive() {
  std::array<char, 64 * 1024> bytes;
  const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return std::monostate{};
  if (count <= 0) return reopen();
  return take(protocol_->read_answers({bytes.data(), static_cast<std::size_t>(count)}));
}

Result<std::monostate> Publisher::take(const Answers& answers) {
  if (answers.broken) return publish_failure("the answer is not of the protocol that --publish names");
  if (answers.good + answers.refused > unanswered_.size())
    return publish_failure("more answers than requests");
  answered_ = answered_ || answers.good > 0;
  // Which of them were refused does not matter: any is a failure of the run.
  std::uint64_t refused = answers.refused;
  for (std::uint64_t i = 0; i < answers.good + answers.refused; ++i) {
    if (refused > 0) {
      --refused;
      refused_ += unanswered_.front().events;
    } else {
      published_ += unanswered_.front().events;
    }
    unanswered_.pop_front();
  }
  if (answers.refused > 0) refusal_ = answers.refusal;
  return answers.closes ? reopen() : std::monostate{};
}

}  // namespace carillon::loadgen

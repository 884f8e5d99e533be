// An outgoing connection until it is one: name, addresses in turn, TCP; then the handshake begins.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "reactor/raw_address.h"
#include "reactor/socket_stream.h"

namespace carillon::reactor {
namespace {

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// Dialling a local port without a listener can connect to itself: when the kernel picks the very same
// port for our end, TCP connects the socket to itself (simultaneous open, RFC 9293 3.5).
bool connected_to_itself(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return false;
  const auto own = local_address(fd);
  return own && own->text() == RawAddress::readable(storage).text();
}

}  // namespace

void SocketStream::start() {
  deadline_ = loop_.now() + options_.connect_timeout;
  deadline_timer_ = loop_.call_after(options_.connect_timeout, [this] { on_deadline(); });
  const SocketAddress as_written{options_.host, options_.port};
  if (options_.tls == nullptr && RawAddress::from(as_written)) {
    plan_.addresses = {as_written};
    return try_next_address();
  }
  DialRequest request;
  request.host = options_.host;
  request.port = options_.port;
  request.resolve = options_.resolve;
  if (options_.tls != nullptr) {
    request.security = DialRequest::Security::tls;
    request.ca_file = options_.tls->ca_file;
  }
  auto inbox = make_dial_plan(std::move(request));
  if (!inbox) return fail_later(inbox.error().message);
  plan_inbox_ = std::move(*inbox);
  if (!loop_.watch(plan_inbox_->fd(), EPOLLIN, id_, kPlanIndex, 0)) {
    plan_inbox_.reset();
    fail_later("cannot connect to " + peer() + ": " + socket_error_text(errno));
  }
}

void SocketStream::take_plan() {
  if (plan_inbox_ == nullptr) return;
  std::vector<Result<DialPlan>> taken;
  plan_inbox_->drain_into(taken);
  if (taken.empty()) return;
  loop_.unwatch(plan_inbox_->fd());
  plan_inbox_.reset();
  if (!taken[0]) return fail(taken[0].error().message);
  plan_ = std::move(*taken[0]);
  try_next_address();
}

// Runs inside connect() too, so it calls no handler.
void SocketStream::try_next_address() {
  while (next_address_ < plan_.addresses.size()) {
    const SocketAddress& address = plan_.addresses[next_address_++];
    if (!begin_connect(address)) continue;
    state_ = State::connecting;
    const std::size_t left = plan_.addresses.size() - next_address_;
    if (left == 0) return;  // the last one has all the time up to the deadline
    const auto share = (deadline_ - loop_.now()) / static_cast<int>(left + 1);
    attempt_timer_ = loop_.call_after(share, [this] {
      attempt_timer_ = 0;
      give_up_attempt(ETIMEDOUT);
    });
    return;
  }
  fail_later("cannot connect to " + peer() + ": " + last_attempt_);
}

bool SocketStream::begin_connect(const SocketAddress& address) {
  const auto failed = [&](int error) {
    note_failed_attempt(address, error);
    return false;
  };
  const auto raw = RawAddress::from(address);
  if (!raw) return failed(EINVAL);
  socket_ = FileDescriptor(::socket(raw->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) return failed(errno);
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_.get(), raw->get(), raw->size) != 0 && errno != EINPROGRESS) return failed(errno);
  ++attempt_;
  if (!loop_.watch(socket_.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP, id_, kSocketIndex, attempt_)) {
    return failed(errno);
  }
  return true;
}

void SocketStream::give_up_attempt(int error) {
  loop_.cancel(std::exchange(attempt_timer_, 0));
  loop_.unwatch(socket_.get());
  note_failed_attempt(plan_.addresses[next_address_ - 1], error);
  try_next_address();
}

void SocketStream::note_failed_attempt(const SocketAddress& address, int error) {
  socket_ = FileDescriptor();
  last_attempt_ = socket_error_text(error);
  if (address.host != options_.host) last_attempt_ += " (" + address.text() + ")";
}

bool SocketStream::finish_connect() {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  int error = pending_error(socket_.get());
  if (error == 0 && ::getpeername(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    if (errno == ENOTCONN) return false;  // woken too early
    error = errno;
  }
  if (error == 0 && connected_to_itself(socket_.get())) error = ECONNREFUSED;
  if (error != 0) {
    give_up_attempt(error);
    return false;
  }
  loop_.cancel(std::exchange(attempt_timer_, 0));
  return options_.tls != nullptr ? begin_handshake() : become_open();
}

bool SocketStream::begin_handshake() {
  auto tls = TlsSession::to_server(*plan_.tls, options_.tls->server_name);
  if (!tls) {
    fail("cannot connect to " + peer() + ": " + tls.error().message);
    return false;
  }
  tls_ = std::move(*tls);
  state_ = State::handshaking;
  tls_->start(cipher_);
  flush();
  return check_tls();
}

void SocketStream::on_deadline() {
  deadline_timer_ = 0;
  const std::string within = " within " + std::to_string(options_.connect_timeout.count()) + " ms";
  if (state_ == State::resolving) {
    return fail("cannot resolve " + options_.host + within + ": the name server does not answer");
  }
  if (state_ == State::handshaking) {
    return fail("cannot connect to " + peer() + within + ": the TLS handshake does not end");
  }
  fail("cannot connect to " + peer() + within + ": no answer");
}

}  // namespace carillon::reactor

#include "reactor/client_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "reactor/dial_plan.h"
#include "reactor/listener.h"
#include "reactor/raw_address.h"
#include "reactor/tls_session.h"
#include "reactor/write_buffer.h"

namespace carillon::reactor {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kReadsPerTurnMax = 16;                // then the loop's other work has its turn
constexpr std::size_t kTlsRecordBytes = 16 * 1024;  // RFC 8446 5.1
// A TLS 1.2 peer can make us answer (renegotiation asked for, alert sent); if it never reads, it is cut
// off here. Our own data waits as plaintext.
constexpr std::size_t kCiphertextBytesMax = 256 * 1024;

std::string words(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "connection refused";
    case ECONNRESET:
    case EPIPE:
      return "reset by the peer";
    case ETIMEDOUT:
      return "no answer";
    default:
      return std::generic_category().message(error);
  }
}

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// Dialling a local port that nobody listens on can meet itself: when the kernel picks the very same
// port for our end, TCP connects the socket to itself (simultaneous open, RFC 9293 3.5).
bool connected_to_itself(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return false;
  const auto own = local_address(fd);
  return own && own->text() == RawAddress::readable(storage).text();
}

class SocketStream final : public ClientStream, private IoHandler {
 public:
  SocketStream(Loop& loop, ClientStreamOptions options, ClientStreamHandler& handler)
      : loop_(loop), options_(std::move(options)), handler_(handler), id_(loop.add_handler(*this)) {}
  ~SocketStream() override;
  void start();

  void write(std::string_view bytes) override;
  std::size_t unsent_bytes() const override { return plain_.size() + cipher_.size(); }

 private:
  enum class State { resolving, connecting, handshaking, open, failing, closed };
  enum Index : std::uint32_t { kPlanIndex, kSocketIndex };

  void on_io(std::uint32_t epoll_events, std::uint32_t index, std::uint32_t generation) override;

  // Before the connection. Those that return bool may call the handler: false when the stream is gone
  // or not connected, and must not be touched.
  void take_plan();
  void try_next_address();
  bool begin_connect(const SocketAddress& address);
  void give_up_attempt(int error);
  void note_failed_attempt(const SocketAddress& address, int error);
  bool finish_connect();
  bool begin_handshake();

  // The connection. Those that return bool may call the handler: false as above, or no longer open.
  bool become_open();
  void read();
  void read_soon();
  bool received(std::string_view bytes);
  bool check_tls();
  void flush();
  bool send_from(WriteBuffer& buffer);
  std::size_t send(std::string_view bytes);

  // The end.
  void fail_later(std::string reason);
  void fail(std::string reason);
  void on_deadline();
  void release();
  template <class Callback>
  bool call_handler(Callback&& callback);

  std::string peer() const { return SocketAddress{options_.host, options_.port}.text(); }

  Loop& loop_;
  const ClientStreamOptions options_;
  ClientStreamHandler& handler_;
  const Loop::HandlerId id_;
  State state_ = State::resolving;
  bool* destroyed_ = nullptr;  // set while the handler is called: it may destroy this

  std::shared_ptr<DialPlanInbox> plan_inbox_;
  DialPlan plan_;
  std::size_t next_address_ = 0;
  std::string last_attempt_ = "no address";
  MonoTime deadline_{};
  Loop::TimerId deadline_timer_ = 0;
  Loop::TimerId attempt_timer_ = 0;
  Loop::TimerId soon_timer_ = 0;  // fail_later(), or more to read

  FileDescriptor socket_;
  std::uint32_t attempt_ = 0;  // the socket's generation
  bool end_seen_ = false;      // epoll told of an end: read up to it
  int send_error_ = 0;
  std::unique_ptr<TlsSession> tls_;
  WriteBuffer plain_;   // with TLS: not yet encrypted
  WriteBuffer cipher_;  // TLS only
};

SocketStream::~SocketStream() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  release();
  loop_.remove_handler(id_);
}

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
    fail_later("cannot connect to " + peer() + ": " + words(errno));
  }
}

void SocketStream::on_io(std::uint32_t epoll_events, std::uint32_t index, std::uint32_t generation) {
  if (index == kPlanIndex) return take_plan();
  if (generation != (attempt_ & 0xffffff)) return;  // of a socket closed in this very batch
  constexpr std::uint32_t kEnds = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  switch (state_) {
    case State::connecting:
      if (!finish_connect()) return;
      // A peer that speaks first may be heard in this very event, and there will be no other for it.
      [[fallthrough]];
    case State::handshaking:
    case State::open:
      if ((epoll_events & kEnds) != 0) end_seen_ = true;
      if ((epoll_events & EPOLLOUT) != 0) flush();
      // With a read to come in this turn anyhow, a second would take another's share.
      if ((epoll_events & (EPOLLIN | kEnds)) != 0 && soon_timer_ == 0) read();
      return;
    case State::resolving:
    case State::failing:
    case State::closed:
      return;
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
  last_attempt_ = words(error);
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

bool SocketStream::become_open() {
  state_ = State::open;
  loop_.cancel(std::exchange(deadline_timer_, 0));
  if (!call_handler([this] { handler_.on_connected(); })) return false;
  flush();  // what was written before
  return true;
}

void SocketStream::read() {
  for (int reads = 0; reads < kReadsPerTurnMax; ++reads) {
    std::array<char, kReadBytes> bytes;  // on the stack: a handler may destroy the stream and read on
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
    if (count > 0) {
      if (!received({bytes.data(), static_cast<std::size_t>(count)})) return;
      // All is read; what comes after is a new edge. Unless the end has come, which has no edge more.
      if (static_cast<std::size_t>(count) < bytes.size() && !end_seen_) return;
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && send_error_ == 0) {
      return;
    } else {
      const int error = send_error_ != 0 ? send_error_ : count < 0 ? errno : 0;
      const std::string during = state_ == State::handshaking ? " during the TLS handshake" : "";
      return fail("connection to " + peer() + " " + (error != 0 ? words(error) : "ended by the peer") +
                  during);
    }
  }
  read_soon();
}

// In the next turn: a timer of no delay would still run in this one.
void SocketStream::read_soon() {
  loop_.cancel(soon_timer_);
  soon_timer_ = loop_.call_after(MonoClock::duration(1), [this] {
    soon_timer_ = 0;
    read();
  });
}

bool SocketStream::received(std::string_view bytes) {
  if (tls_ == nullptr) return call_handler([&] { handler_.on_bytes(bytes); });
  tls_->feed(bytes, cipher_);
  if (state_ == State::handshaking && tls_->state() == TlsSession::State::open) {
    if (!become_open()) return false;
  }
  std::array<char, kTlsRecordBytes> plaintext;
  while (const std::size_t count = tls_->read(plaintext, cipher_)) {
    const std::string_view view(plaintext.data(), count);
    if (!call_handler([&] { handler_.on_bytes(view); })) return false;
  }
  flush();
  if (cipher_.size() > kCiphertextBytesMax) {
    fail("connection to " + peer() + ": TLS: the peer does not read what it asks for");
    return false;
  }
  return check_tls();
}

bool SocketStream::check_tls() {
  switch (tls_->state()) {
    case TlsSession::State::handshaking:
    case TlsSession::State::open:
      return true;
    case TlsSession::State::ended:
      fail("connection to " + peer() + " ended by the peer");
      return false;
    case TlsSession::State::failed:
      break;
  }
  const std::string what = state_ == State::handshaking ? "cannot connect to " : "connection to ";
  fail(what + peer() + ": TLS: " + tls_->failure_reason());
  return false;
}

void SocketStream::write(std::string_view bytes) {
  if (state_ == State::failing || state_ == State::closed || send_error_ != 0) return;
  if (state_ == State::open && tls_ == nullptr && plain_.empty()) bytes.remove_prefix(send(bytes));
  const std::size_t limit = options_.write_buffer_bytes_max;
  if (bytes.size() > limit - std::min(limit, unsent_bytes())) {
    return fail_later("connection to " + peer() + " closed: more than " + std::to_string(limit) +
                      " bytes wait to be sent; the peer does not read");
  }
  plain_.append(bytes);
  if (state_ == State::open && tls_ != nullptr) flush();
}

// As much as the kernel takes. With TLS a record is made when the one before it is gone, so that what
// waits is plaintext and the limit on it exact.
void SocketStream::flush() {
  if (tls_ == nullptr) {
    send_from(plain_);
    return;
  }
  while (send_from(cipher_) && state_ == State::open && !plain_.empty()) {
    const auto record = plain_.view().substr(0, kTlsRecordBytes);
    tls_->write(record, cipher_);
    plain_.consume(record.size());
  }
}

// True when it has run empty.
bool SocketStream::send_from(WriteBuffer& buffer) {
  if (!buffer.empty()) buffer.consume(send(buffer.view()));
  return buffer.empty();
}

// How many bytes the kernel took: fewer than all means that EPOLLOUT will come. After an error: all of
// them, for nobody will take them any more. What the peer said before it went is read first.
std::size_t SocketStream::send(std::string_view bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size() && send_error_ == 0) {
    const ssize_t count = ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count >= 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return sent;
    } else if (errno != EINTR) {
      send_error_ = errno;
      read_soon();
    }
  }
  return bytes.size();
}

void SocketStream::fail_later(std::string reason) {
  release();
  state_ = State::failing;
  soon_timer_ = loop_.call_after(MonoClock::duration::zero(), [this, reason = std::move(reason)] {
    soon_timer_ = 0;
    fail(reason);
  });
}

// The handler may destroy this: nothing may follow.
void SocketStream::fail(std::string reason) {
  release();
  state_ = State::closed;
  handler_.on_closed(Error{std::move(reason)});
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

// Gives up everything but the handler's slot. A TLS peer gets the alert or the close_notify that is
// due, if the kernel takes it at once.
void SocketStream::release() {
  if (socket_) {
    if (tls_ != nullptr && send_error_ == 0) {
      if (plain_.empty()) tls_->end(cipher_);
      send_from(cipher_);
    }
    loop_.unwatch(socket_.get());
    socket_ = FileDescriptor();
  }
  if (plan_inbox_ != nullptr) {
    loop_.unwatch(plan_inbox_->fd());
    plan_inbox_.reset();  // the thread may still hold it, and nobody else
  }
  for (Loop::TimerId* timer : {&deadline_timer_, &attempt_timer_, &soon_timer_}) {
    loop_.cancel(std::exchange(*timer, 0));
  }
  plain_ = WriteBuffer();
  cipher_ = WriteBuffer();
}

// True when the stream is still there and open.
template <class Callback>
bool SocketStream::call_handler(Callback&& callback) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  callback();
  if (destroyed) return false;
  destroyed_ = nullptr;
  return state_ == State::open;
}

}  // namespace

std::unique_ptr<ClientStream> ClientStream::connect(Loop& loop, ClientStreamOptions options,
                                                    ClientStreamHandler& handler) {
  auto stream = std::make_unique<SocketStream>(loop, std::move(options), handler);
  stream->start();
  return stream;
}

}  // namespace carillon::reactor

// An outgoing connection from the handshake on: reads, writes, its end.
#include "reactor/socket_stream.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace carillon::reactor {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kReadsPerTurnMax = 16;                // then the loop's other work has its turn
constexpr std::size_t kTlsRecordBytes = 16 * 1024;  // RFC 8446 5.1
// A TLS 1.2 peer can make us answer (renegotiation asked for, alert sent); if it never reads, it is cut
// off here. Our own data waits as plaintext.
constexpr std::size_t kCiphertextBytesMax = 256 * 1024;

}  // namespace

std::string socket_error_text(int error) {
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

SocketStream::~SocketStream() {
  if (destroyed_ != nullptr) *destroyed_ = true;
  release();
  loop_.remove_handler(id_);
}

void SocketStream::on_io(std::uint32_t epoll_events, std::uint32_t index, std::uint32_t generation) {
  if (index == kPlanIndex) return take_plan();
  if (generation != (attempt_ & 0xffffff)) return;  // of a socket closed in this very batch
  constexpr std::uint32_t kEnds = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  switch (state_) {
    case State::connecting:
      if (!finish_connect()) return;
      // A peer that sends first may have data in this very event, and there will be no other event for it.
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
      return fail("connection to " + peer() + " " +
                  (error != 0 ? socket_error_text(error) : "ended by the peer") + during);
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
// them, because they can no longer be delivered. What the peer sent before it closed is read first.
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
    plan_inbox_.reset();  // only the thread may still hold it
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

std::unique_ptr<ClientStream> ClientStream::connect(Loop& loop, ClientStreamOptions options,
                                                    ClientStreamHandler& handler) {
  auto stream = std::make_unique<SocketStream>(loop, std::move(options), handler);
  stream->start();
  return stream;
}

}  // namespace carillon::reactor

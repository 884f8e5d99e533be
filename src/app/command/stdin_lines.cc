#include "app/command/stdin_lines.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

namespace carillon::app {

namespace asio = boost::asio;

// Watches standard input through an epoll instance, which Asio makes non-blocking in its place.
class StdinLines::Watch {
 public:
  Watch(asio::io_context& io, std::function<void()> on_readable)
      : io_(io), on_readable_(std::move(on_readable)), descriptor_(io, ::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event wanted{};
    wanted.events = EPOLLIN;
    // A regular file cannot be watched, and is always readable.
    is_file_ = ::epoll_ctl(descriptor_.native_handle(), EPOLL_CTL_ADD, STDIN_FILENO, &wanted) != 0;
  }

  void wait() {
    if (std::exchange(is_waiting_, true)) return;
    const auto on_ready = [this](boost::system::error_code error) {
      if (error == asio::error::operation_aborted) return;
      is_waiting_ = false;
      on_readable_();
    };
    if (is_file_) {
      asio::post(io_, [on_ready] { on_ready({}); });
    } else {
      descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, on_ready);
    }
  }

 private:
  asio::io_context& io_;
  std::function<void()> on_readable_;
  asio::posix::stream_descriptor descriptor_;
  bool is_file_ = false;
  bool is_waiting_ = false;
};

StdinLines::StdinLines(asio::io_context& io, Handlers handlers)
    : handlers_(std::move(handlers)), watch_(std::make_unique<Watch>(io, [this] { on_readable(); })) {}
StdinLines::~StdinLines() = default;

void StdinLines::resume() {
  if (ended_) return;
  wanted_ = true;
  watch_->wait();
}

void StdinLines::pause() { wanted_ = false; }

void StdinLines::on_readable() {
  if (!wanted_) return;
  char bytes[16 * 1024];
  const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return watch_->wait();
  if (count <= 0) {
    ended_ = true;
    if (!rest_.empty() && !too_long_) give(std::move(rest_));
    return;
  }
  if (take({bytes, static_cast<std::size_t>(count)}) == 0) return watch_->wait();
  wanted_ = false;
}

// Returns how many lines were given.
std::size_t StdinLines::take(std::string_view bytes) {
  std::size_t lines = 0;
  for (;;) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (!too_long_ && rest_.size() + part.size() > kLineBytesMax) {
      too_long_ = true;
      rest_.clear();
      handlers_.on_left_out("a line is longer than 1 MiB, and is not sent");
    }
    if (!too_long_) rest_ += part;
    if (end == std::string_view::npos) return lines;
    bytes.remove_prefix(end + 1);
    if (rest_.ends_with('\r')) rest_.pop_back();
    if (!std::exchange(too_long_, false) && !rest_.empty()) {
      ++lines;
      give(std::exchange(rest_, {}));
    }
    rest_.clear();
  }
}

void StdinLines::give(std::string line) { handlers_.on_line(std::move(line)); }

}  // namespace carillon::app

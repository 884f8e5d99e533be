#include "reactor/inbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace carillon::reactor {

Result<WakeFd> WakeFd::create() {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) return failure("cannot create an eventfd: " + std::generic_category().message(errno));
  return WakeFd(fd);
}

WakeFd::WakeFd(WakeFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

WakeFd::~WakeFd() {
  if (fd_ >= 0) ::close(fd_);
}

// The only failure left is a counter near 2^64, which is readable anyway. errno is kept, because a
// signal handler may call this.
void WakeFd::signal() const {
  const int saved = errno;
  const std::uint64_t one = 1;
  while (::write(fd_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  errno = saved;
}

void WakeFd::clear() const {
  std::uint64_t signals = 0;
  while (::read(fd_, &signals, sizeof signals) < 0 && errno == EINTR) {
  }
}

}  // namespace carillon::reactor

#include "app/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

namespace carillon::app {
namespace {

sigset_t ending_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t set = ending_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<std::unique_ptr<Signals>> Signals::watch(reactor::Loop& loop, std::function<void()> on_signal) {
  const sigset_t set = ending_signals();
  reactor::FileDescriptor fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd) return failure("cannot watch signals: no descriptors left");
  std::unique_ptr<Signals> signals(new Signals(loop, std::move(fd), std::move(on_signal)));
  signals->handler_ = loop.add_handler(*signals);
  if (!loop.watch(signals->fd_.get(), EPOLLIN, signals->handler_, 0, 0)) {
    return failure("cannot watch signals: no descriptors left");
  }
  return signals;
}

Signals::~Signals() {
  loop_.unwatch(fd_.get());
  loop_.remove_handler(handler_);
}

void Signals::on_io(std::uint32_t, std::uint32_t, std::uint32_t) {
  signalfd_siginfo info{};
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) on_signal_();
}

}  // namespace carillon::app

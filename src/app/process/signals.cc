#include "app/process/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cstring>

namespace carillon::app {
namespace {

constexpr int kDraining[] = {SIGTERM, SIGINT, SIGQUIT, SIGPWR, SIGXCPU};
constexpr int kIgnored[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGIO};

sigset_t watched_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : kDraining) ::sigaddset(&set, signal);
  for (const int signal : kIgnored) ::sigaddset(&set, signal);
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) ::sigaddset(&set, signal);
  return set;
}

}  // namespace

SignalMeaning meaning_of(int signal) {
  for (const int each : kDraining) {
    if (each == signal) return SignalMeaning::drain;
  }
  return signal == SIGHUP ? SignalMeaning::hangup : SignalMeaning::none;
}

std::string name_of_signal(int signal) {
  if (const char* name = ::sigabbrev_np(signal)) return "SIG" + std::string(name);
  return "SIGRTMIN+" + std::to_string(signal - SIGRTMIN);
}

std::string_view advice_on_signal(int signal) {
  switch (signal) {
    case SIGHUP:
      return "this process has no configuration file to reload; SIGTERM drains";
    case SIGUSR1:
    case SIGUSR2:
      return "there is no log file to reopen, because the log goes to standard error; SIGTERM or SIGQUIT "
             "drains";
    default:
      return "SIGTERM, SIGINT or SIGQUIT drains; a second one ends the process at once";
  }
}

void block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const sigset_t set = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<std::unique_ptr<Signals>> Signals::watch(reactor::Loop& loop, std::function<void(int)> on_signal) {
  const sigset_t set = watched_signals();
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
  while (::read(fd_.get(), &info, sizeof info) == sizeof info) {
    on_signal_(static_cast<int>(info.ssi_signo));
  }
}

}  // namespace carillon::app

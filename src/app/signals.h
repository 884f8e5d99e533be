// Signals as loop events, by signalfd, so that no code runs in a signal handler.
//
// Every signal that would end the process without a close frame and without a log line is caught: those that
// mean "end" drain, the others are ignored and named in the log. SIGKILL cannot be caught.
#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "reactor/listener.h"
#include "reactor/loop.h"

namespace carillon::app {

enum class SignalMeaning {
  drain,   // TERM, INT, QUIT, PWR (what some containers send), XCPU (the soft limit on CPU time)
  hangup,  // HUP: the terminal is gone, or somebody wants the configuration read again
  none     // USR1, USR2, ALRM, IO and the real-time signals: nothing here listens to them
};

SignalMeaning meaning_of(int signal);
std::string name_of_signal(int signal);         // "SIGHUP", "SIGRTMIN+3"
std::string_view advice_on_signal(int signal);  // what to use instead of one that is ignored

// Before any thread is started, so that all inherit it. SIGPIPE and SIGXFSZ are ignored: the write that
// caused them fails, and that is handled.
void block_signals();

class Signals final : private reactor::IoHandler {
 public:
  // Calls `on_signal` on the loop for each signal that came.
  static Result<std::unique_ptr<Signals>> watch(reactor::Loop& loop, std::function<void(int)> on_signal);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  Signals(reactor::Loop& loop, reactor::FileDescriptor fd, std::function<void(int)> on_signal)
      : loop_(loop), fd_(std::move(fd)), on_signal_(std::move(on_signal)) {}
  void on_io(std::uint32_t, std::uint32_t, std::uint32_t) override;

  reactor::Loop& loop_;
  reactor::FileDescriptor fd_;
  std::function<void(int)> on_signal_;
  reactor::Loop::HandlerId handler_ = 0;
};

}  // namespace carillon::app

// Signals as events of the loop, received through signalfd, so that no code runs in a signal handler.
//
// Every signal that would end the process without close frames and without a log line is caught. Those that
// ask the process to end start a drain; the others are ignored and logged. SIGKILL cannot be caught.
#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "reactor/listener.h"
#include "reactor/loop.h"

namespace carillon::app {

// What the process does on a signal.
enum class SignalMeaning {
  drain,   // TERM, INT, QUIT, PWR (what some containers send), XCPU (the soft limit on CPU time)
  hangup,  // HUP: an operator asks for a reload, or the terminal was closed
  none     // USR1, USR2, ALRM, IO and the real-time signals, which have no function here
};

SignalMeaning meaning_of(int signal);
std::string name_of_signal(int signal);         // "SIGHUP", "SIGRTMIN+3"
std::string_view advice_on_signal(int signal);  // what to use instead of one that is ignored

// Blocks the signals. Must be called before any thread is started, so that all threads inherit the mask.
// SIGPIPE and SIGXFSZ are ignored: the write that caused them fails, and that error is handled.
void block_signals();

// Signals: reports signals to a callback on the loop.
class Signals final : private reactor::IoHandler {
 public:
  // Calls `on_signal` on the loop for each signal received.
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

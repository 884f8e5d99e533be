// Signals as loop events: SIGTERM and SIGINT, by signalfd, so that no code runs in a signal handler.
#pragma once

#include <csignal>
#include <functional>
#include <memory>

#include "base/result.h"
#include "reactor/listener.h"
#include "reactor/loop.h"

namespace carillon::app {

// Before any thread is started, so that all inherit it; SIGPIPE is ignored.
void block_signals();

class Signals final : private reactor::IoHandler {
 public:
  // Calls `on_signal` on the loop for each SIGTERM or SIGINT.
  static Result<std::unique_ptr<Signals>> watch(reactor::Loop& loop, std::function<void()> on_signal);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  Signals(reactor::Loop& loop, reactor::FileDescriptor fd, std::function<void()> on_signal)
      : loop_(loop), fd_(std::move(fd)), on_signal_(std::move(on_signal)) {}
  void on_io(std::uint32_t, std::uint32_t, std::uint32_t) override;

  reactor::Loop& loop_;
  reactor::FileDescriptor fd_;
  std::function<void()> on_signal_;
  reactor::Loop::HandlerId handler_ = 0;
};

}  // namespace carillon::app

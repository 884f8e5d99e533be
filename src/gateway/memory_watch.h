// MemoryWatch: samples the memory of the process about once a second and acts on it: tells Admission
// whether to refuse, has the shards close those furthest behind, refills the reserve, and logs changes.
// Every ten seconds it gives freed memory back to the system.
//
// Thread: its loop's (loop 0); pressure() may be read by any.
#pragma once

#include <functional>

#include "base/log.h"
#include "base/memory_limit.h"
#include "base/memory_reserve.h"
#include "client/admission.h"
#include "client/memory_pressure.h"
#include "reactor/loop.h"

namespace carillon::gateway {

class MemoryWatch {
 public:
  static constexpr auto kEvery = seconds(1);

  struct Options {
    std::function<MemoryUse()> read;   // memory_use(), or what a test plays
    std::function<void()> shed;        // asks every shard to close those furthest behind; once a sample
    MemoryReserve* reserve = nullptr;  // where the process has one
  };

  MemoryWatch(reactor::Loop& loop, client::Admission& admission, Log& log, Options options);
  ~MemoryWatch();
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  // Samples now, and every second from then on.
  void start();
  void set_reserve(MemoryReserve& reserve) { options_.reserve = &reserve; }  // before start()

  const client::MemoryPressure& pressure() const { return pressure_; }

 private:
  void sample();
  void note_change(client::MemoryLevel before, client::MemoryLevel now);

  reactor::Loop& loop_;
  client::Admission& admission_;
  Log& log_;
  Options options_;
  client::MemoryPressure pressure_;
  reactor::Loop::TimerId timer_ = 0;
  unsigned samples_ = 0;
};

// What server.memory_limit asks for: the nearest limit of the system, or, with a limit of its own, the
// resident set of the process against that.
std::function<MemoryUse()> memory_reader(std::uint64_t limit_bytes);

}  // namespace carillon::gateway

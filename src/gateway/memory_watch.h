// MemoryWatch: samples the memory of the process about once a second. It sets whether Admission refuses
// clients, has the shards close the clients furthest behind, refills the reserve, and logs changes. Every ten
// seconds it returns freed memory to the system.
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
    std::function<MemoryUse()> read;   // memory_use(), or a test's values
    std::function<void()> shed;        // makes every shard close its clients furthest behind; once per sample
    MemoryReserve* reserve = nullptr;  // null: the process has none
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

// Returns a function that reads the memory in use and its limit, by server.memory_limit: the nearest limit of
// the system, or, when `limit_bytes` is set, the resident set of the process and that limit.
std::function<MemoryUse()> memory_reader(std::uint64_t limit_bytes);

}  // namespace carillon::gateway

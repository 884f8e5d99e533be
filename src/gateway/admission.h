// Admission: who may still come in. Caps on connections, of the process and of an endpoint, and on
// accepted upgrades of one address in a sliding window.
//
// Thread: any; one for all shards, so that a limit is the process's and not a shard's. Asked once an
// upgrade, never on the way of an event. Fed the time.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "gateway/endpoint.h"

namespace carillon::gateway {

class Admission {
 public:
  // Addresses remembered at once, all endpoints together. When they are all busy a further address is
  // refused: an attacker with many addresses must not switch the limit off.
  static constexpr std::size_t kAddressesMax = 100000;

  enum class Answer : std::uint8_t { admitted, draining, connections_max, endpoint_full, rate_exceeded };
  enum class Rate : std::uint8_t { ok, exceeded };

  Admission(std::uint32_t connections_max, const std::vector<Endpoint>& endpoints);

  void begin_drain() { draining_.store(true, std::memory_order_relaxed); }
  bool draining() const { return draining_.load(std::memory_order_relaxed); }

  // Would a further connection fit? Takes nothing.
  Answer ask(const Endpoint& endpoint) const;
  // Has this address a 101 left in its window? Takes nothing.
  Rate ask_rate(const Endpoint& endpoint, const std::string& address, MonoTime now);

  // The 101 is about to be sent: takes the place, and counts against the accept rate. Not admitted
  // when another shard took the last place meanwhile, in a cap or in the address's window.
  Answer enter(const Endpoint& endpoint, const std::string& address, MonoTime now);
  void leave(const Endpoint& endpoint);

  std::uint64_t connections() const { return connections_.load(std::memory_order_relaxed); }
  // Whole seconds until the address's oldest accept leaves the window: Retry-After.
  std::uint32_t retry_after_s(const Endpoint& endpoint, const std::string& address, MonoTime now);

 private:
  // The times of the last accepts of one address on one endpoint, oldest first.
  struct Window {
    std::vector<MonoTime> accepts;
  };
  // Under mutex_, all of them.
  Window* find_window(const Endpoint& endpoint, const std::string& address, MonoTime now);
  bool take_accept(const Endpoint& endpoint, const std::string& address, MonoTime now);
  bool has_room_for_address(MonoTime now);
  static std::string key_of(const Endpoint& endpoint, const std::string& address);

  const std::uint32_t connections_max_;
  std::atomic<bool> draining_{false};
  std::atomic<std::uint64_t> connections_{0};
  std::vector<std::atomic<std::uint64_t>> by_endpoint_;
  milliseconds longest_window_{0};
  std::mutex mutex_;  // of windows_
  std::unordered_map<std::string, Window> windows_;
  MonoTime swept_at_ = MonoTime::min();  // when the quiet ones were last forgotten
};

}  // namespace carillon::gateway

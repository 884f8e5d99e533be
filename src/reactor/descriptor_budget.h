#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace carillon::reactor {

// DescriptorBudget: how many file descriptors of one table clients may use, so that some are always left for
// what must work when clients use all others: reconnecting the bus, resolving a name, reading a certificate.
//
// It counts descriptors and does not look at their numbers, so it also works after the limit of a running
// process was lowered (prlimit): then no client is accepted until enough have left.
//
// Thread: any; one for all shards that share the table.
class DescriptorBudget {
 public:
  // For the table of the bus: its two connections and one that checks the configured address, each with a
  // name lookup (files of the resolver, a socket) or a certificate file to read.
  static constexpr std::uint64_t kReservedForTheBus = 16;
  static constexpr std::uint64_t kReservedElsewhere = 4;
  // For the table of the admin side besides its listening sockets: its connections
  // (AdminServer::kConnectionsMax) and its loop.
  static constexpr std::uint64_t kReservedForTheAdminSide = 10;

  DescriptorBudget() = default;  // limits nothing
  // `own`: descriptors that were open before the first client came.
  DescriptorBudget(std::uint64_t own, std::uint64_t reserved) : own_(own), reserved_(reserved) {}

  void add_client() { clients_.fetch_add(1, std::memory_order_relaxed); }
  void remove_client() { clients_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint64_t clients() const { return clients_.load(std::memory_order_relaxed); }

  // Returns whether one more client leaves the reserve intact. Shards that call it concurrently may use a few
  // descriptors of the reserve.
  bool has_room(std::uint64_t limit) const {
    return reserved_ == 0 || own_ + clients() + reserve_of(limit) < limit;
  }
  // With a very small limit, a quarter of what is left, so that there is room for clients at all.
  std::uint64_t reserve_of(std::uint64_t limit) const {
    return std::min(reserved_, limit > own_ ? (limit - own_) / 4 : 0);
  }

  // Returns true at most once a minute, over all shards.
  bool should_warn(MonoTime now) {
    constexpr std::int64_t kMinute = std::chrono::nanoseconds(std::chrono::minutes(1)).count();
    const std::int64_t at = now.time_since_epoch().count();
    std::int64_t last = warned_at_.load(std::memory_order_relaxed);
    if (last != kNever && at - last < kMinute) return false;
    return warned_at_.compare_exchange_strong(last, at, std::memory_order_relaxed);
  }

 private:
  static constexpr std::int64_t kNever = INT64_MIN;

  const std::uint64_t own_ = 0;
  const std::uint64_t reserved_ = 0;
  std::atomic<std::uint64_t> clients_{0};
  std::atomic<std::int64_t> warned_at_{kNever};
};

}  // namespace carillon::reactor

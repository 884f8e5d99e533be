// AcceptWindows: the upgrades that each client address was granted in a sliding window, and its failed
// authentications, which count against the same limit with a weight.
//
// At most kAddressesMax addresses are remembered, for all endpoints together. When all of them are in use
// another address is refused and counted, so that an attacker with many addresses cannot disable the limit.
// An address that has only failed is remembered only while half of the places are free, so that one without a
// valid token cannot fill the table.
//
// Thread: one at a time (Admission's mutex), except table_full_refusals().
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "config/settings.h"

namespace carillon::client {

// A client address on one endpoint, as limits count it.
struct AddressKey {
  IpAddress group;  // IpAddress::limit_group()
  std::uint16_t endpoint;
  bool operator==(const AddressKey&) const = default;
};
struct AddressHash {
  std::size_t operator()(const AddressKey& key) const noexcept;
};

class AcceptWindows {
 public:
  static constexpr std::size_t kAddressesMax = 100000;

  // The limit of an endpoint.
  struct Rule {
    config::Limit accepts;
    milliseconds window;
    std::uint64_t failure_weight;  // upgrades that a failed authentication counts as
  };

  // Returns whether one more upgrade fits. Stores nothing.
  bool has_room(const AddressKey& key, const Rule& rule, MonoTime now);
  // Counts an upgrade. Returns false, and counts nothing, when it does not fit.
  bool try_accept(const AddressKey& key, const Rule& rule, MonoTime now);
  // Counts a failed authentication.
  void note_failure(const AddressKey& key, const Rule& rule, MonoTime now);
  // Whole seconds until one more upgrade fits, at least 1: Retry-After.
  std::uint32_t retry_after_s(const AddressKey& key, const Rule& rule, MonoTime now);

  // The longest window of any endpoint: what is older is forgotten when room is needed.
  void set_longest_window(milliseconds window) { longest_window_ = window; }
  // Number of refusals because no further address could be remembered.
  std::uint64_t table_full_refusals() const { return table_full_.load(std::memory_order_relaxed); }

 private:
  struct Failures {  // those of a short time, counted as one
    MonoTime first;
    MonoTime last;
    std::uint64_t count;
  };
  struct Window {  // each list is in order of time
    std::vector<MonoTime> accepts;
    std::vector<Failures> failures;
  };

  Window* find(const AddressKey& key, const Rule& rule, MonoTime now);
  static std::uint64_t used(const Window& window, const Rule& rule);
  bool has_place(std::size_t addresses_max, MonoTime now);

  std::unordered_map<AddressKey, Window, AddressHash> windows_;
  milliseconds longest_window_{0};
  MonoTime swept_at_ = MonoTime::min();  // when old windows were last forgotten
  std::atomic<std::uint64_t> table_full_{0};
};

}  // namespace carillon::client

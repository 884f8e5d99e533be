// KeyGuesses: counts wrong API keys per client address. An address that has sent too many different wrong
// keys is refused for a while without a check of its key, so that keys cannot be found by guessing.
//
// Repeating the same wrong key counts once, so that a service with an outdated key does not lock out others
// behind the same address. At most kAddressesMax addresses with kWrongKeysMax hashes each are remembered;
// beyond that, the address whose last wrong key is oldest is forgotten.
//
// Thread: any; one object for all shards. While no wrong key is remembered, a check costs one relaxed load.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/sip_hash.h"
#include "base/time.h"

namespace carillon::client {

class KeyGuesses {
 public:
  static constexpr std::size_t kWrongKeysMax = 10;  // different keys of one address within kWindow
  static constexpr seconds kWindow{60};
  static constexpr std::size_t kAddressesMax = 4096;

  explicit KeyGuesses(SipKey hash_key) : hash_key_(hash_key) {}

  // Whether a key from this address may be checked. False (counted): answer 429.
  bool may_try(const IpAddress& address, MonoTime now);
  // Counts a wrong key of this address. An IPv6 address counts by its /64.
  void note_wrong(const IpAddress& address, std::string_view key, MonoTime now);
  // Whole seconds until the address may try again, at least 1: Retry-After.
  std::uint32_t retry_after_s(const IpAddress& address, MonoTime now);

  std::uint64_t wrong_keys() const { return wrong_keys_.load(std::memory_order_relaxed); }
  std::uint64_t refusals() const { return refusals_.load(std::memory_order_relaxed); }
  std::size_t addresses() const { return remembered_.load(std::memory_order_relaxed); }

 private:
  struct Guess {
    std::uint64_t key_hash;
    MonoTime at;  // when it was first tried
  };
  struct Record {
    std::vector<Guess> guesses;  // oldest first
  };
  using Records = std::map<IpAddress, Record>;

  // Call under mutex_. Returns null when nothing is remembered of this address.
  Record* find(const IpAddress& group, MonoTime now);
  void make_room();

  const SipKey hash_key_;
  std::atomic<std::uint64_t> wrong_keys_{0};
  std::atomic<std::uint64_t> refusals_{0};
  std::atomic<std::size_t> remembered_{0};
  std::mutex mutex_;
  Records records_;
};

}  // namespace carillon::client

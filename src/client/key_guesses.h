// KeyGuesses: wrong API keys, by the address that sent them. An address that has sent too many different ones
// is refused for a while without its key being looked at, so that keys cannot be found by guessing.
//
// The same wrong key again is no further guess: a service with an outdated key does not lock out its
// neighbours behind one address. Bounded: kAddressesMax addresses with kWrongKeysMax hashes each; beyond, the
// address whose last wrong key is oldest gives way.
//
// Thread: any; one for all shards. While no wrong key is remembered, a right one costs one relaxed load.
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
  static constexpr std::size_t kWrongKeysMax = 10;  // different ones of one address within kWindow
  static constexpr seconds kWindow{60};
  static constexpr std::size_t kAddressesMax = 4096;

  explicit KeyGuesses(SipKey hash_key) : hash_key_(hash_key) {}

  // Whether a key from this address may be looked at. False: answer 429 (counted).
  bool may_try(const IpAddress& address, MonoTime now);
  // A key was looked at and is wrong (counted). An IPv6 address counts by its /64.
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

  // Under mutex_. Null: nothing of this address is remembered (any more).
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

// AcceptRate: limits how many upgrades per second the process admits to the costly part of a handshake, so
// that clients that all reconnect at once do not take the time of those that are connected.
//
// An upgrade counts just before its Origin and token are checked. One over the limit is answered 503 with a
// Retry-After that differs from client to client. On an address with TLS the path is known only after the TLS
// handshake, which costs more than all the rest: the process begins at most twice as many TLS handshakes per
// second as it admits upgrades, so that an upgrade over the limit still gets its 503, and closes the other
// connections before anything is computed for them.
//
// Thread: any; one object for all shards. It takes no lock.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/random_sequence.h"
#include "base/time.h"
#include "config/settings.h"

namespace carillon::client {

class AcceptRate {
 public:
  static constexpr seconds kRetryMax{30};  // the longest Retry-After
  static constexpr std::uint64_t kHandshakesPerUpgrade = 2;

  // `limit`: upgrades per second. `seed` decides how the waits of refused clients differ.
  AcceptRate(config::Limit limit, std::uint64_t seed) : random_(seed) { set_limit(limit); }

  // Changes the limit. What was admitted before counts against the new one.
  void set_limit(config::Limit limit);

  // Counts an upgrade. Returns false, and counts nothing, when it is over the limit. After a second without
  // upgrades a whole second's worth is admitted at once; then one each time that 1/limit seconds have passed.
  bool try_admit(MonoTime now);
  // The same for a TLS handshake.
  bool try_shake_hands(MonoTime now);

  // Whole seconds after which a refused client should come back, from 1 to kRetryMax. Each call takes the
  // next free place in a queue that advances at the limit's rate, and adds up to half as much at random, so
  // that the clients that were refused together return at a rate that can be admitted. Those that would have
  // to wait longer than 20 s are spread evenly over the whole of kRetryMax.
  std::uint32_t retry_after_s(MonoTime now);

 private:
  // The time at which a bucket is full again; as a rate limiter this is GCRA (ITU-T I.371).
  using Bucket = std::atomic<std::int64_t>;
  static bool try_take(Bucket& bucket, std::int64_t interval_ns, std::int64_t burst_ns, MonoTime now);

  std::atomic<std::int64_t> interval_ns_{0};  // between two upgrades; 0: no limit
  std::atomic<std::int64_t> burst_ns_{0};     // as many intervals as the limit
  Bucket upgrades_{0};
  Bucket handshakes_{0};
  Bucket returns_{0};  // of refused clients
  RandomSequence random_;
};

}  // namespace carillon::client

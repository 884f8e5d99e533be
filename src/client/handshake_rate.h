// HandshakeRate: limits how many TLS handshakes one client address may begin in a window. Each ClientHello of
// 200 bytes costs a signature, so one address could otherwise keep a core busy with a few kB/s.
//
// The counts are a count-min sketch (Cormode and Muthukrishnan, 2005): 64 KiB whatever the number of
// addresses, so an attacker with many addresses cannot fill a table. Two addresses that collide in both of
// their cells share a limit; the secret key keeps an attacker from choosing such addresses.
//
// Thread: the shard's. Windows are fixed, not sliding: up to two limits may fall into one window's length.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ip_address.h"
#include "base/sip_hash.h"
#include "base/time.h"

namespace carillon::client {

class HandshakeRate {
 public:
  struct Limit {
    std::uint64_t handshakes;  // of one address, at least 1
    milliseconds window;
    bool operator==(const Limit&) const = default;
  };
  HandshakeRate(Limit limit, SipKey key);

  const Limit& limit() const { return limit_; }

  // Counts one handshake of this address. Returns false when it exceeds the limit. `address` is a limit
  // group.
  bool try_begin(const IpAddress& address, MonoTime now);

 private:
  static constexpr std::uint64_t kCellsARow = 4096;
  struct Cell {
    std::uint32_t window = 0;
    std::uint32_t count = 0;
  };
  Cell& current(std::uint64_t row, std::uint64_t hash, std::uint32_t window);

  const Limit limit_;
  const SipKey key_;
  std::vector<Cell> cells_;  // two rows
};

}  // namespace carillon::client

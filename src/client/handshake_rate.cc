#include "client/handshake_rate.h"

#include <algorithm>
#include <string_view>

namespace carillon::client {

HandshakeRate::HandshakeRate(Limit limit, SipKey key) : limit_(limit), key_(key), cells_(2 * kCellsARow) {}

bool HandshakeRate::try_begin(const IpAddress& address, MonoTime now) {
  const auto& bytes = address.bytes();
  const std::uint64_t hash = sip_hash_1_3(key_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  // Windows count from 1, so that an unused cell belongs to no window.
  const auto window = static_cast<std::uint32_t>(now.time_since_epoch() / limit_.window) + 1;
  Cell& first = current(0, hash, window);
  Cell& second = current(1, hash >> 32, window);
  if (std::min(first.count, second.count) >= limit_.handshakes) return false;
  ++first.count;
  ++second.count;
  return true;
}

HandshakeRate::Cell& HandshakeRate::current(std::uint64_t row, std::uint64_t hash, std::uint32_t window) {
  Cell& cell = cells_[row * kCellsARow + hash % kCellsARow];
  if (cell.window != window) cell = {window, 0};
  return cell;
}

}  // namespace carillon::client

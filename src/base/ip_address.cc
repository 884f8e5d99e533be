#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace carillon {
namespace {

constexpr IpAddress::Bytes kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t kMappedBytes = 12;
constexpr unsigned kMappedBits = 96;
constexpr unsigned kBits = 128;

// With every bit behind the first `bits` zero.
IpAddress cut(const IpAddress& address, unsigned bits) {
  IpAddress::Bytes bytes = address.bytes();
  for (unsigned i = 0; i < bytes.size(); ++i) {
    if (bits >= (i + 1) * 8) continue;
    const unsigned kept = bits > i * 8 ? bits - i * 8 : 0;
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> kept));
  }
  return IpAddress::v6(bytes.data());
}

std::string quoted(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, 64)) shown += c >= 0x20 && c < 0x7f ? c : '?';
  return '"' + shown + '"';
}

}  // namespace

IpAddress IpAddress::v4(const std::uint8_t* four) {
  IpAddress address;
  address.bytes_ = kMapped;
  std::copy_n(four, 4, address.bytes_.begin() + kMappedBytes);
  return address;
}

IpAddress IpAddress::v6(const std::uint8_t* sixteen) {
  IpAddress address;
  std::copy_n(sixteen, address.bytes_.size(), address.bytes_.begin());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  Bytes bytes{};
  if (text.find(':') == std::string_view::npos) {
    if (::inet_pton(AF_INET, terminated, bytes.data()) != 1) return std::nullopt;
    return v4(bytes.data());
  }
  if (::inet_pton(AF_INET6, terminated, bytes.data()) != 1) return std::nullopt;
  return v6(bytes.data());
}

bool IpAddress::is_v4() const {
  return std::equal(bytes_.begin(), bytes_.begin() + kMappedBytes, kMapped.begin());
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes_[kMappedBytes] == 127;
  constexpr Bytes kOne{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return bytes_ == kOne;
}

std::string IpAddress::text() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_v4()) {
    ::inet_ntop(AF_INET, bytes_.data() + kMappedBytes, text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
  }
  return text;
}

IpAddress IpAddress::limit_group() const { return is_v4() ? *this : cut(*this, 64); }

Result<IpRange> IpRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) {
    return failure(quoted(text) +
                   " is not a range of addresses; write one such as \"10.0.0.0/8\" or \"::1/128\"");
  }
  // "::ffff:10.0.0.0/104" counts its prefix in IPv6's bits, "10.0.0.0/8" in IPv4's.
  const bool counts_v6_bits = text.find(':') != std::string_view::npos;
  const unsigned before = counts_v6_bits ? 0 : kMappedBits;
  unsigned bits = kBits - before;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (error != std::errc{} || end != digits.data() + digits.size() || bits > kBits - before) {
      return failure(quoted(text) + " has no prefix length from 0 to " + std::to_string(kBits - before) +
                     "; write \"" + std::string(text.substr(0, slash)) + "/" +
                     std::to_string(kBits - before) + "\" for one address");
    }
  }
  if (address->is_v4() && before + bits < kMappedBits) {
    return failure(quoted(text) +
                   " counts its prefix in IPv6's bits, and all of IPv4 has 96 of them; write the IPv4 range, "
                   "such as \"" +
                   address->text() + "/" + std::to_string(std::min(bits, kBits - kMappedBits)) + "\"");
  }
  const IpRange range(cut(*address, before + bits), before + bits);
  if (range.first_ != *address) {
    return failure(quoted(text) + " has bits behind its prefix; write \"" + range.text() + "\"");
  }
  return range;
}

bool IpRange::contains(const IpAddress& address) const {
  return first_.is_v4() == address.is_v4() && cut(address, bits_) == first_;
}

unsigned IpRange::prefix_bits() const { return first_.is_v4() ? bits_ - kMappedBits : bits_; }

std::string IpRange::text() const { return first_.text() + "/" + std::to_string(prefix_bits()); }

}  // namespace carillon

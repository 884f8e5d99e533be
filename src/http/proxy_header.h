#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"

namespace carillon::http {

// The state of reading a PROXY header.
enum class ProxyHeaderState : std::uint8_t { need_more, done, fault };

// ProxyHeaderReader: reads the header of the PROXY protocol, which a proxy sends before the client's first
// byte and which names the client: version 1 (a line of text) or version 2 (binary). Bytes in; the client's
// address, or a fault, out.
//
// Source: "The PROXY protocol, versions 1 & 2", HAProxy. Extensions of version 2 (TLVs) are skipped.
// It checks each byte as it arrives. Views passed in need to be valid during the call only; `consumed` never
// goes beyond the header's end. Thread: one. Memory: 107 bytes, whatever length is declared.
class ProxyHeaderReader {
 public:
  static constexpr std::size_t kTextBytesMax = 107;         // version 1, with its CRLF (section 2.1)
  static constexpr std::size_t kBinaryHeadBytes = 16;       // version 2, before its addresses (section 2.2)
  static constexpr std::size_t kBinaryRestBytesMax = 4096;  // addresses and extensions, as declared

  struct Step {
    ProxyHeaderState state = ProxyHeaderState::need_more;
    std::size_t consumed = 0;
  };

  // After `done` or `fault` it reads no more.
  Step feed(std::string_view bytes);

  ProxyHeaderState state() const { return state_; }
  // When done: the client's address; nothing when the proxy itself is the client (LOCAL) or does not know the
  // address (UNKNOWN, AF_UNSPEC, a UNIX socket).
  const std::optional<IpAddress>& source() const { return source_; }
  std::string_view fault() const { return fault_; }  // a literal

 private:
  enum class Phase : std::uint8_t { start, text, binary_head, binary_rest };

  void take(char byte);
  void take_text(char byte);
  void take_binary_head(char byte);
  void take_binary_rest(char byte);
  void end_text();
  void end_binary_head();
  void end_binary();
  void fail(std::string_view why);
  std::uint8_t at(std::size_t i) const { return static_cast<std::uint8_t>(buffer_[i]); }

  ProxyHeaderState state_ = ProxyHeaderState::need_more;
  Phase phase_ = Phase::start;
  std::uint16_t rest_bytes_ = 0;    // of version 2, not received yet
  std::uint8_t address_bytes_ = 0;  // how many of them are kept
  std::string buffer_;
  std::optional<IpAddress> source_;
  std::string_view fault_;
};

}  // namespace carillon::http

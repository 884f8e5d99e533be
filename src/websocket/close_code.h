// Close codes (RFC 6455 section 7.4 and the IANA registry it founded).
#pragma once

#include <cstdint>

namespace carillon::websocket {

// The codes that Carillon uses. A close frame may have others (3000 to 4999 belong to applications), so a
// received code is a plain std::uint16_t.
enum class CloseCode : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  invalid_payload = 1007,
  policy_violation = 1008,
  message_too_big = 1009,
  internal_error = 1011,
  service_restart = 1012,
  try_again_later = 1013,
};

constexpr std::uint16_t number(CloseCode code) { return static_cast<std::uint16_t>(code); }

// Returns whether a peer's close frame may have this code; if not, the frame is a protocol error (1002).
// 1004, 1005, 1006 and 1015 must never be sent; 1016 to 2999 are unassigned.
constexpr bool may_be_received(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

// Returns whether a server may choose this code itself (by a setting). 1010 is for clients only; a server
// sends it only to echo a client's close.
constexpr bool may_be_sent(std::uint16_t code) { return may_be_received(code) && code != 1010; }

}  // namespace carillon::websocket

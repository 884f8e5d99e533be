// Position: where an event stands in the sequence of its source. A client that has received an event can name
// its position later, to receive what came after it.
//
// As text a position is "1", the format version; the epoch as 11 characters of base64url (RFC 4648
// section 5, most significant bits first, without padding); "."; and the number in decimal. All of that may
// stand in a URL or a header as it is. Clients treat the text as opaque.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace carillon {

// A number within an epoch. Numbers are comparable only within one epoch, and begin at 1; number 0 is the
// position before the first event.
struct Position {
  std::uint64_t epoch = 0;
  std::uint64_t number = 0;

  bool operator==(const Position&) const = default;
};

// The longest text of a position: version, epoch, ".", and 20 digits.
inline constexpr std::size_t kPositionBytesMax = 1 + 11 + 1 + 20;
static_assert(kPositionBytesMax <= 48);

// Appends at most kPositionBytesMax bytes.
void append_text(Position position, std::string& out);

// Parses the text of a position, which may be any bytes. Each position has exactly one text that parses:
// leading zeros, padding, and another version return nothing.
std::optional<Position> parse_position(std::string_view text);

}  // namespace carillon

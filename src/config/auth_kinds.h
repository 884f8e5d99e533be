// Option kinds for the places of a token in a request, and for close codes and reasons.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/text_checks.h"
#include "config/value_kinds.h"

namespace carillon::config {

inline constexpr std::size_t kTokenPlacesMax = 8;
inline constexpr std::size_t kParameterBytesMax = 64;
// RFC 6455 section 5.5: a control frame holds 125 bytes, two of which are the code.
inline constexpr std::size_t kCloseReasonBytesMax = 123;

// Whether a text may name a query parameter or a header here: 1 to 64 letters, digits, "_", "-" or ".".
bool is_parameter_name(std::string_view name);

// "query:token", "bearer" or "header:X-API-Key"; or what is wrong and what to write instead.
Result<TokenPlace> parse_token_place(std::string_view text);

// A list of places where a token may be in a request.
struct TokenPlacesKind {
  std::string type() const {
    return "array of \"bearer\", \"query:NAME\" and \"header:NAME\", at most 8; the first present wins";
  }
  std::string example() const { return R"(["bearer", "query:token"])"; }
  std::string show(const std::vector<TokenPlace>& field) const;
  void read(const Place& place, Reading& reading, std::vector<TokenPlace>& field) const;
};

// RFC 6455 section 7.4: a code that a server may send.
struct CloseCodeKind {
  std::string type() const { return "close code, 1000 to 4999"; }
  std::string example() const { return "1008"; }
  std::string show(std::uint16_t field) const { return std::to_string(field); }
  std::optional<std::uint16_t> value(const Place& place, Reading& reading, std::string_view or_off) const;
  void read(const Place& place, Reading& reading, std::uint16_t& field) const;
};

// A close code, or "off".
struct OptionalCloseCodeKind {
  CloseCodeKind inner;

  std::string type() const { return inner.type() + ", or \"off\""; }
  std::string example() const { return inner.example(); }
  std::string show(const std::optional<std::uint16_t>& field) const;
  void read(const Place& place, Reading& reading, std::optional<std::uint16_t>& field) const;
};

// The reason of a close frame; it may be empty. `sample` is one, as TOML.
inline TextKind close_reason_kind(std::string_view sample) {
  return {"text", sample, kCloseReasonBytesMax, check_close_reason};
}

}  // namespace carillon::config

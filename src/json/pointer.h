#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/reader.h"

namespace carillon::json {

inline constexpr std::size_t kPointerBytesMax = 256;
inline constexpr std::size_t kPointerTokensMax = 32;

// Pointer: a JSON Pointer (RFC 6901), compiled once, looked up often.
//
// Thread: any; immutable. find() allocates nothing. Limits: 256 bytes, 32 reference tokens.
class Pointer {
 public:
  // "" is the whole document; otherwise it begins with '/'; '~' only as ~0 or ~1 (section 3).
  static Result<Pointer> parse(std::string_view text);

  // The raw value it points at, or nothing. `valid_json` must have passed validate(); the view points
  // into it. Of duplicate members the last counts. "-" and indexes with a leading 0 match no element.
  std::optional<std::string_view> find(std::string_view valid_json) const;
  std::optional<Value> find(const Value& document) const { return find_below(document, 0); }

  const std::string& text() const { return text_; }

 private:
  friend class Outline;  // has looked the first token up already
  // What the tokens from this one on point at, below a value.
  std::optional<Value> find_below(Value value, std::size_t token) const;

  struct Token {
    std::string name;
    std::optional<std::size_t> index;  // where the name is also a canonical array index
  };
  std::string text_;
  std::vector<Token> tokens_;
};

}  // namespace carillon::json

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

// Pointer: a compiled JSON Pointer (RFC 6901).
//
// Thread: any; immutable. find() allocates nothing. Limits: 256 bytes, 32 reference tokens.
class Pointer {
 public:
  // "" means the whole document; any other pointer begins with '/'. '~' is allowed only as ~0 or ~1 (section
  // 3).
  static Result<Pointer> parse(std::string_view text);

  // Returns the raw value that it points at, or nothing. `valid_json` must have passed validate(); the view
  // points into it. The last of duplicate members counts. "-" and indexes with a leading 0 match no element.
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

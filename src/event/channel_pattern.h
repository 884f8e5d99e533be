#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carillon {

// ChannelPattern: a channel name with at most one `*`, which stands for any run of bytes, none
// included, as in Redis `PSUBSCRIBE`. Every other byte, `?` and `[` too, stands for itself.
class ChannelPattern {
 public:
  // Refuses an empty pattern, a second `*`, control characters, and more than 255 bytes.
  static Result<ChannelPattern> parse(std::string_view text);

  // What the star matched ("" for a pattern without one), or nothing where the name does not match.
  // The view points into `channel`.
  std::optional<std::string_view> match(std::string_view channel) const;

  // The channel that the pattern matches with `star` in the star's place.
  std::string with_star(std::string_view star) const;
  // Whether every channel that it matches is reserved (channel_name.h).
  bool is_reserved() const;

  const std::string& text() const { return text_; }
  bool has_star() const { return star_ != std::string::npos; }

 private:
  std::string text_;
  std::size_t star_ = std::string::npos;
};

}  // namespace carillon

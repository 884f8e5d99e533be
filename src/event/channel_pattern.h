#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carillon {

// ChannelPattern: a channel name with at most one `*`, which matches any bytes, or none, as in Redis
// `PSUBSCRIBE`. Every other byte matches itself, including `?` and `[`.
class ChannelPattern {
 public:
  // Refuses an empty pattern, a second `*`, control characters, and more than 255 bytes.
  static Result<ChannelPattern> parse(std::string_view text);

  // Returns what the star matched ("" for a pattern without one), or nothing when the name does not match.
  // The view points into `channel`.
  std::optional<std::string_view> match(std::string_view channel) const;

  // Returns the channel name with `star` in place of the star.
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

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carillon::http {

inline constexpr std::size_t kPathPatternBytesMax = 255;
inline constexpr std::size_t kPathParametersMax = 8;
inline constexpr std::size_t kPathParameterNameBytesMax = 32;

// PathPattern: the path of a route, such as "/api/streams/{id}/cancel".
//
// The whole path is compared byte for byte, without dot segments. `{name}` matches one whole segment that is
// not empty, percent-decoded once. Everything else matches only itself and never an escape, so that
// "/%68ooks" does not get past a proxy that blocks "/hooks".
//
// Thread: any; immutable. Limits: 255 bytes, 8 parameters, names of 32 bytes.
class PathPattern {
 public:
  // The error states what is wrong and what to write instead.
  static Result<PathPattern> parse(std::string_view text);

  // Returns the parameters' values in the order of names(), or nothing when the path does not match. No value
  // is empty. They are views into `path`, which is `raw_path` decoded, with as many slashes.
  std::optional<std::vector<std::string_view>> match(std::string_view path, std::string_view raw_path) const;
  // The same for a path without escapes.
  std::optional<std::vector<std::string_view>> match(std::string_view path) const {
    return match(path, path);
  }

  // Returns the shape, such as "/api/streams/{}": two patterns match the same paths exactly when their shapes
  // are equal.
  std::string shape() const;
  // Whether some path matches both patterns.
  bool overlaps(const PathPattern& other) const;
  // A strict weak order for sorting. Of two patterns that match one path, the one with a literal where the
  // other has a parameter comes first, compared from the left; of two with different lengths the shorter one.
  bool is_more_specific_than(const PathPattern& other) const;

  const std::vector<std::string>& names() const { return names_; }
  const std::string& text() const { return text_; }

 private:
  struct Segment {
    std::string literal;  // meaningless for a parameter
    bool is_parameter = false;
  };
  static Result<Segment> parse_segment(std::string_view text, std::vector<std::string>& names);

  std::string text_;
  std::vector<Segment> segments_;
  std::vector<std::string> names_;
};

// ParameterText: a text in which `{name}` is replaced by a parameter of a path, such as "tenant.{id}". Braces
// have no other meaning and cannot be escaped.
class ParameterText {
 public:
  static Result<ParameterText> parse(std::string_view text, std::span<const std::string> names);

  // `values` are in the order of the names that it was parsed with.
  std::string fill(std::span<const std::string_view> values) const;
  bool has_parameters() const { return !places_.empty(); }

 private:
  struct Place {
    std::size_t literal_end = 0;  // in literals_
    std::size_t parameter = 0;
  };
  std::string literals_;
  std::vector<Place> places_;
};

}  // namespace carillon::http

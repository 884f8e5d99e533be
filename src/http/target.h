// Parses the request target (RFC 9112 section 3.2), in origin-form or absolute-form. redaction.h shows it
// without secrets.
//
// Thread: any; pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "http/request_head.h"

namespace carillon::http {

// The parts of a target as views into it, not decoded.
struct TargetParts {
  std::string_view authority;  // empty in origin-form
  std::string_view path;       // "/" when an absolute target has none
  std::string_view query;      // without the '?'
};

// Returns nothing when the target is neither a path nor an absolute http, https, ws or wss URI with a valid
// authority.
std::optional<TargetParts> parts_of(std::string_view target);

// The parts of a request target.
struct Target {
  std::string path;  // percent-decoded once
  TargetParts raw;   // points into what was split
};

// Refuses with 400 everything that two programs could read as different paths: other forms of a target, a
// broken escape, control characters, "." and ".." segments, escaped slashes, backslashes, a fragment, invalid
// UTF-8.
Result<Target, Fault> split_target(std::string_view target);

// QueryParameters: the parameters of a query, percent- and '+'-decoded, in order, with repeated names. A
// parameter with a broken escape is omitted and remembered, so that it does not affect the others.
class QueryParameters {
 public:
  static constexpr std::size_t kParametersMax = 128;

  // Returns nothing when there are too many parameters; then the whole query is ignored.
  static std::optional<QueryParameters> parse(std::string_view query);

  // Names are compared case-sensitively.
  std::optional<std::string_view> first(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& entries() const { return entries_; }
  // Returns false when a value of that name had a broken escape; check it before using first().
  bool is_readable(std::string_view name) const;
  bool all_readable() const { return unreadable_.empty(); }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
  std::vector<std::string> unreadable_;  // names; an empty one where the name itself is broken
};

// Percent-decodes a text. Returns nothing when a '%' is not followed by two hex digits.
enum class Plus : bool { literal, space };
std::optional<std::string> percent_decoded(std::string_view text, Plus plus);

}  // namespace carillon::http

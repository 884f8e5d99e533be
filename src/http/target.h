// The request target (RFC 9112 section 3.2), in origin-form or absolute-form, split into its parts so that
// what is compared is what was meant. redaction.h shows it without its secrets.
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

// Views into the target, nothing decoded.
struct TargetParts {
  std::string_view authority;  // empty in origin-form
  std::string_view path;       // "/" where an absolute target has none
  std::string_view query;      // without the '?'
};

// Nothing where the target is neither a path nor an absolute http, https, ws or wss URI with a good
// authority.
std::optional<TargetParts> parts_of(std::string_view target);

// The parts of a request target.
struct Target {
  std::string path;  // percent-decoded once
  TargetParts raw;   // points into what was split
};

// Refuses with 400 whatever could make two readers see two paths: any form but the two, a broken escape,
// NUL and other control characters, "." and ".." segments and slashes hidden in escapes, backslashes, a
// fragment, invalid UTF-8.
Result<Target, Fault> split_target(std::string_view target);

// A query's parameters: percent- and '+'-decoded, in order, repeated names kept. A parameter with a
// broken escape is left out and remembered, so that it does not spoil the others.
class QueryParameters {
 public:
  static constexpr std::size_t kParametersMax = 128;

  // Nothing where there are too many parameters: then no part of the query counts.
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

// Percent-decoded; where a '%' is not followed by two hex digits, nothing.
enum class Plus : bool { literal, space };
std::optional<std::string> percent_decoded(std::string_view text, Plus plus);

}  // namespace carillon::http

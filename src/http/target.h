// The request target (RFC 9112 section 3.2.1): path and query, taken apart so that what is compared is
// what was meant, and shown so that no token is.
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

struct Target {
  std::string path;        // percent-decoded once
  std::string_view query;  // raw, without the '?'; points into what was split
};

// Refuses with 400 whatever could make two readers see two paths: anything but origin-form, a broken
// escape, NUL and other control characters, "." and ".." segments and slashes hidden in escapes,
// backslashes, a fragment, invalid UTF-8.
Result<Target, Fault> split_target(std::string_view target);

// A query's parameters: percent- and '+'-decoded (WIRE C7), in order, repeated names kept.
class QueryParameters {
 public:
  static constexpr std::size_t kParametersMax = 128;

  // Nothing where an escape is broken or there are too many parameters: then no part of it counts.
  static std::optional<QueryParameters> parse(std::string_view query);

  // Names are compared case-sensitively.
  std::optional<std::string_view> first(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& entries() const { return entries_; }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

// Percent-decoded; where a '%' is not followed by two hex digits, nothing.
enum class Plus : bool { literal, space };
std::optional<std::string> percent_decoded(std::string_view text, Plus plus);

// For logs (WIRE C6): the values of token, access_token, refresh_token and api_key, in any case and
// however the name is escaped, are REDACTED; so is a value that holds such an assignment inside. A
// query that cannot be parsed is dropped whole; so is a target that is not a path.
std::string redacted_target(std::string_view target);
// Authorization, Proxy-Authorization, Cookie, X-API-Key and the like: REDACTED; Referer: its query.
std::string redacted_header(std::string_view name, std::string_view value);

}  // namespace carillon::http

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carillon::http {

// Redaction: decides which parts of a request may be shown in a log or an error; when in doubt, fewer.
//
// Thread: any; immutable, pure. Every log line about a request uses it.
class Redaction {
 public:
  // Hides the usual parameters and headers only: token, access_token, refresh_token, api_key, key, password
  // and the like; Authorization, Proxy-Authorization, Cookie, X-API-Key and the like.
  Redaction() : Redaction({}, {}) {}
  // Also hides these parameters and headers: all that a configuration reads tokens from.
  Redaction(std::vector<std::string> parameters, std::vector<std::string> headers);

  // Returns the target with REDACTED in place of the value of a secret parameter (in any letter case, and
  // however its name is escaped), of a value that contains such an assignment, and of anything that has the
  // form of a JWT. A query with a broken escape is omitted. A target that is neither a path nor an absolute
  // URI, or that contains a user name and password, is shown as "(not a path)".
  std::string target(std::string_view target) const;
  // Returns a header's value: REDACTED for a secret header and for a value that contains a secret; Referer
  // and Location without their query.
  std::string header(std::string_view name, std::string_view value) const;

 private:
  bool is_secret_parameter(std::string_view name) const;
  bool holds_assignment(std::string_view text) const;
  bool holds_secret(std::string_view text) const;
  std::string path(std::string_view path) const;
  void append_parameter(std::string& out, std::string_view piece) const;

  std::vector<std::string> parameters_;
  std::vector<std::string> headers_;
};

}  // namespace carillon::http

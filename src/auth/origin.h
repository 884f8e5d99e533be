// Origin check (RFC 6454, RFC 6455 section 10.2): scheme, host and port, exactly; never a substring.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace carillon::auth {

// The origins that may connect to an endpoint or use a route.
class OriginPolicy {
 public:
  // "*" alone admits any Origin, and clients without one. Otherwise the list has exact origins such as
  // "https://app.example.com" or "http://localhost:3000", and "none" for clients that send no Origin.
  static Result<OriginPolicy> parse(const std::vector<std::string>& origins);

  // `header` is the Origin header's value; `present` is whether there was one. "null" is an origin
  // of its own that only "*" admits. Two Origin headers are the caller's 400.
  bool admits(std::string_view header, bool present) const;
  // Whether it is "*".
  bool admits_any() const { return any_; }

 private:
  bool any_ = false;
  bool none_ = false;
  std::vector<std::string> exact_;  // normalised: lower case, default port left out
};

}  // namespace carillon::auth

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace carillon::app {

// Arguments of `carillon token`.
struct TokenArguments {
  std::string subject = "dev";
  std::uint32_t ttl_s = 3600;
  std::string claims;  // a JSON object to merge in; empty: none
};

// An HS256 token with `sub`, `iat`, `exp` and the further claims; for trying things out.
Result<std::string> mint_token(std::string_view secret, const TokenArguments& arguments, WallTime now);

}  // namespace carillon::app

#pragma once

#include <string>
#include <string_view>

#include "app/verbs.h"
#include "base/result.h"
#include "base/time.h"

namespace carillon::app {

// An HS256 token with `sub`, `iat`, `exp` and the further claims; for trying things out.
Result<std::string> mint_token(std::string_view secret, const TokenArguments& arguments, WallTime now);

}  // namespace carillon::app

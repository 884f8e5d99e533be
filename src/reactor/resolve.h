// Resolves a host's name to its numeric addresses.
// Thread: any; blocks for as long as the name servers take, so never a loop's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace carillon::reactor {

// Numeric addresses in the order to try them. A test puts its own in the system's place.
using ResolveFunction = std::function<Result<std::vector<std::string>>(const std::string& host)>;

Result<std::vector<std::string>> resolve_by_system(const std::string& host);  // getaddrinfo(3)

}  // namespace carillon::reactor

// Files that a command makes, and the secrets that it puts in them.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

namespace carillon::app {

// So many random hexadecimal digits, fit for a secret; an even number.
std::string random_hex(std::size_t digits);

// Makes a file with this text, on disk when it returns. Fails when the path exists already. Blocks.
Result<std::monostate> write_new_file(const std::string& path, std::string_view text, mode_t mode);

}  // namespace carillon::app

#pragma once

#include <string>

#include "app/command/verbs.h"
#include "base/result.h"

namespace carillon::app {

// The control socket that the arguments name: by itself, or by a configuration, whose other mistakes do not
// matter here. Empty: that configuration has none. Fails when it cannot be read. Blocks.
Result<std::string> control_path(const ControlArguments& arguments);

}  // namespace carillon::app

// The secret and the API key of `carillon dev`. They are kept in the user's state folder, so that a token and
// the lines of the screen stay valid when it is started again.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carillon::app {

// The keys, as text that goes into a configuration.
struct DevKeys {
  std::string secret;   // signs tokens: 64 hexadecimal digits
  std::string api_key;  // 32 hexadecimal digits
  std::string warning;  // a sentence that says why they are not kept; empty: they are
};

// Reads the variables of the environment.
using Variable = std::function<std::optional<std::string>(std::string_view name)>;

// Returns the kept keys, and makes and keeps them when there are none. Where that fails they are random ones.
// Blocks.
DevKeys load_dev_keys(const Variable& variable);

// Returns the kept keys; nothing when there are none that can be used. Blocks.
std::optional<DevKeys> kept_dev_keys(const Variable& variable);

// $XDG_STATE_HOME/carillon/dev-keys, or ~/.local/state/carillon/dev-keys. Fails when neither is known.
Result<std::string> dev_keys_path(const Variable& variable);

// The content of the file: JSON. Fails when it is not what write_dev_keys() makes.
std::string write_dev_keys(const DevKeys& keys);
Result<DevKeys> read_dev_keys(std::string_view text);

}  // namespace carillon::app

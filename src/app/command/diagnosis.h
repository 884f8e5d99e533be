// The checks of `carillon doctor`: what must change on a machine so that it can hold a number of connections.
// Pure functions: settings in, findings out. A finding that rests on a rule of thumb explains its figure.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/command/machine_settings.h"
#include "config/settings.h"

namespace carillon::app {

inline constexpr std::int64_t kConnectionsMax = config::kConnectionsMax;

// The result of checking one setting.
enum class Verdict : std::uint8_t {
  good,
  must_change,
  hint,     // works, except for one use that the finding describes
  unknown,  // could not be read
};

// One checked setting of the machine.
struct Finding {
  std::string setting;  // "net.core.somaxconn"
  Verdict verdict;
  std::string value;   // current value
  std::string wanted;  // required value; empty when the current one is good
  std::string why;     // purpose of the setting, in one line
  std::string remedy;  // a command, or what to do; empty when the current value is good
};

// The number of connections to check for.
struct Demand {
  std::int64_t connections;            // from 1 to kConnectionsMax
  std::int64_t descriptor_tables = 1;  // over which they are spread (server.descriptors)
};

// Returns one finding per setting, in a fixed order; the conntrack setting only where connections can be
// tracked.
std::vector<Finding> diagnose(const MachineSettings& settings, Demand demand);

bool anything_must_change(const std::vector<Finding>& findings);

// 1234567 → "1,234,567".
std::string grouped(std::int64_t number);

}  // namespace carillon::app

// What must change on a machine so that it holds so many connections: the judgement of `carillon doctor`.
// Pure: settings in, findings out.
//
// Thread: any. Where a figure below is a rule of thumb, the finding says what it is made of.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/machine_settings.h"
#include "config/settings.h"

namespace carillon::app {

inline constexpr std::int64_t kConnectionsMax = config::kConnectionsMax;

enum class Verdict : std::uint8_t {
  good,
  must_change,
  hint,     // works, but for one use that the finding names
  unknown,  // could not be read
};

struct Finding {
  std::string setting;  // "net.core.somaxconn"
  Verdict verdict;
  std::string value;   // what it is
  std::string wanted;  // what it should be; empty when it is good
  std::string why;     // what it is for, in a line
  std::string remedy;  // a command, or what to do; empty when it is good
};

// What is to be held.
struct Demand {
  std::int64_t connections;            // from 1 to kConnectionsMax
  std::int64_t descriptor_tables = 1;  // over which they are spread (server.descriptors)
};

// One for each setting, in a fixed order; conntrack only where it is there.
std::vector<Finding> diagnose(const MachineSettings& settings, Demand demand);

bool anything_must_change(const std::vector<Finding>& findings);

// 1234567 → "1,234,567".
std::string grouped(std::int64_t number);

}  // namespace carillon::app

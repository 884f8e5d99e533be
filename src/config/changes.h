// What differs between two configurations, and which of it a running process can use.
//
// Pure; thread: any.
#pragma once

#include <string>
#include <vector>

#include "config/option.h"
#include "config/settings.h"

namespace carillon::config {

// One key whose value differs. Secrets are shown as "(secret)", as everywhere.
struct Change {
  std::string key;     // "server.drain", "endpoint[live].limits.connections", "keys.main"
  std::string before;  // as TOML; "none" for what did not exist
  std::string now;     // likewise
  Applies applies;
};

// Returns the changes in the order of docs/configuration.md. Endpoints and keys are compared by name.
std::vector<Change> changes_between(Settings before, Settings now);

// Whether keys, or how tokens are judged, differ: a token that was verified before must be verified again.
bool has_other_auth(const Settings& before, const Settings& now);

// Returns `wanted` with the values of `running` where a change takes effect at a restart only. The endpoints
// are those of `running`, in its order; one that has another profile in `wanted` stays as it is.
Settings applicable(Settings running, Settings wanted);

}  // namespace carillon::config

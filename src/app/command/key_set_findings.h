// The check of `carillon doctor` that fetches key sets: once each, as a gateway with this configuration
// would.
//
// Thread: one; blocks until each fetch has ended, at most auth::kFetchTimeout for each document.
#pragma once

#include <vector>

#include "app/command/diagnosis.h"
#include "config/settings.h"

namespace carillon::app {

// Returns one finding per key set that is fetched; none, without loading libcurl, when there are no such
// sets.
std::vector<Finding> fetch_key_sets(const std::vector<config::KeySettings>& keys);

}  // namespace carillon::app

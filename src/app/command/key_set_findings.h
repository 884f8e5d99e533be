// The check of `carillon doctor` and `carillon token verify` that fetches key sets: once each, as a gateway
// with this configuration would.
//
// Thread: one; blocks until each fetch has ended, at most auth::kFetchTimeout for each document.
#pragma once

#include <vector>

#include "app/command/diagnosis.h"
#include "auth/key_store.h"

namespace carillon::app {

// Fetches the sets of a store, which then has their keys. Returns one finding per set; none, without loading
// libcurl, when there are no sets.
std::vector<Finding> fetch_key_sets(auth::KeyStore& store);

}  // namespace carillon::app

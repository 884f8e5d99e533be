// TestedProfile: the profile that `carillon profile test` runs, and the configuration around it.
//
// Immutable. Thread: any; settings() blocks on files.
#pragma once

#include <string>
#include <vector>

#include "app/vectors/requests.h"
#include "base/result.h"
#include "config/load.h"

namespace carillon::app {

class TestedProfile {
 public:
  // `profile`: a path that ends in .toml, or the name of a built-in profile.
  explicit TestedProfile(std::string profile);

  const std::string& name() const { return profiles_.front(); }
  // The secrets of this run: random, in no file.
  const RunKeys& keys() const { return keys_; }

  // Returns the settings with which a vector runs, or every mistake in them, one line each. `own_toml`: its
  // endpoints and settings of [server] (TestVector::toml), where "$profile" stands for the profile. Without
  // an endpoint in it the profile is served as it is.
  Result<config::Settings, std::vector<std::string>> settings(const std::string& own_toml) const;

 private:
  config::Environment environment() const;

  const std::vector<std::string> profiles_;  // this one
  const RunKeys keys_;
};

}  // namespace carillon::app

// Options that the environment sets: CARILLON_SERVER_SHARDS is server.shards.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/option.h"

namespace carillon::config {

// The variable of an option: "CARILLON_KEYS_MAIN_KEY_ID" for "keys.main." and "key_id".
std::string variable_of(std::string_view prefix, std::string_view key);

// VariableLog: an environment that records which variables were read, so that a variable that no option reads
// can be reported.
class VariableLog {
 public:
  explicit VariableLog(const Environment& environment);
  VariableLog(const VariableLog&) = delete;
  VariableLog& operator=(const VariableLog&) = delete;

  const Environment& environment() const { return environment_; }
  // Warns of each variable whose name looks like that of an option and that was not read.
  void report_unknown(Report& report) const;

 private:
  std::set<std::string, std::less<>> asked_;
  Environment environment_;
};

// Reads every option whose variable is set and not empty. `prefix` names the table: "server.". A text that
// begins like a TOML array, table, or quoted text is read as TOML; digits are a number; all else is a string.
void apply_variables(const std::vector<Option>& options, std::string_view prefix, Reading& reading,
                     Written& written);

}  // namespace carillon::config

// How an option whose value is an array of tables is shown.
#pragma once

#include <string>
#include <vector>

#include "config/option.h"
#include "config/text.h"

namespace carillon::config {

// Returns the tables as TOML: inline tables with all values. `options_of`: the options of one table.
template <class Table>
std::string show_tables(const std::vector<Table>& tables, std::vector<Option> (*options_of)(Table&)) {
  std::string out;
  for (Table each : tables) {
    std::string values;
    for (const Option& option : options_of(each)) {
      values += cat({values.empty() ? " " : ", ", option.key, " = ", option.show()});
    }
    out += cat({out.empty() ? "{" : ", {", values, " }"});
  }
  return cat({"[", out, "]"});
}

}  // namespace carillon::config

// What an endpoint retains: one table, or an array of [[endpoint.history]] tables.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/option.h"
#include "config/settings.h"

namespace carillon::config {

inline constexpr std::size_t kHistoryRulesMax = 64;  // of one endpoint

// A list of history rules; the first one that matches a channel applies.
struct HistoryKind {
  std::string type() const;
  std::string example() const;
  // Inline tables with all values.
  std::string show(const std::vector<HistoryRule>& field) const;
  void read(const Place& place, Reading& reading, std::vector<HistoryRule>& field) const;
};

}  // namespace carillon::config

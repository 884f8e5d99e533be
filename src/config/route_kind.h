// An array of [[route]] tables, which an endpoint, a profile and the top of the file may each have.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/option.h"
#include "config/settings.h"

namespace carillon::config {

inline constexpr std::size_t kRoutesMax = 64;         // of one array
inline constexpr std::size_t kRoutesInAllMax = 1024;  // of a configuration

// An array of route tables.
struct RoutesKind {
  std::string type() const;
  std::string example() const;
  // Inline tables of what differs from the defaults.
  std::string show(const std::vector<RouteSettings>& field) const;
  bool same(const std::vector<RouteSettings>& a, const std::vector<RouteSettings>& b) const;
  void read(const Place& place, Reading& reading, std::vector<RouteSettings>& field) const;
};

}  // namespace carillon::config

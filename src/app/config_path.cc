#include "app/config_path.h"

#include <unistd.h>

#include <array>

namespace carillon::app {
namespace {

constexpr std::array<const char*, 2> kPaths = {"carillon.toml", "/etc/carillon/carillon.toml"};

}  // namespace

std::string default_config_path() {
  for (const char* path : kPaths) {
    if (::access(path, F_OK) == 0) return path;
  }
  return {};
}

std::string default_config_paths() { return std::string(kPaths[0]) + " or " + kPaths[1]; }

}  // namespace carillon::app

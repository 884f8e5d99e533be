#include "config/path.h"

namespace carillon::config {

std::string path_beside(std::string_view source, std::string_view path) {
  const std::size_t end = source.rfind('/');
  const bool is_in_a_folder =
      end != std::string_view::npos && !source.starts_with("/dev/") && !source.starts_with("/proc/");
  if (path.empty() || path.starts_with('/') || !is_in_a_folder) return std::string(path);
  std::string beside(source.substr(0, end + 1));
  return beside.append(path);
}

}  // namespace carillon::config

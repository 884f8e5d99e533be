// Report: everything found wrong with a configuration, in the order of the file. All of it, but bounded:
// a hostile file must not turn one megabyte into gigabytes of messages.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "config/load.h"

namespace carillon::config {

inline constexpr std::size_t kProblemsMax = 200;

class Report {
 public:
  void error(Origin origin, std::string key, std::string message);
  void warning(Origin origin, std::string key, std::string message);
  void note(std::string text);

  bool has_errors() const { return !errors_.empty(); }
  // Sorted by line. `source` is the file's name, whose problems come before those of profiles.
  void move_into(Loaded& loaded, std::string_view source) &&;

 private:
  std::vector<Problem> errors_;
  std::vector<Problem> warnings_;
  std::vector<std::string> notes_;
  std::size_t left_off_ = 0;
};

}  // namespace carillon::config

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.h"

namespace carillon::config {

inline constexpr std::size_t kProblemsMax = 200;

// Report: everything found wrong with a configuration, in the order of the file. All of it, but bounded:
// a hostile file must not turn one megabyte into gigabytes of messages.
class Report {
 public:
  // Control characters are escaped here, because the text goes to a terminal.
  void error(Origin origin, std::string_view key, std::string_view message);
  void warning(Origin origin, std::string_view key, std::string_view message);
  void note(std::string_view text);

  // Whether `key`, or something below it, is at fault already: a second fault that only follows from the
  // first would send its reader astray.
  bool has_error_at(std::string_view key) const;
  std::size_t error_count() const { return errors_.size() + left_off_; }
  // More errors are only counted: their text need not be worked out.
  bool is_full() const { return errors_.size() >= kProblemsMax; }
  // Sorted by line. `source` is the file's name, whose problems come before those of profiles.
  void move_into(Loaded& loaded, std::string_view source) &&;

 private:
  std::vector<Problem> errors_;
  std::vector<Problem> warnings_;
  std::vector<std::string> notes_;
  std::size_t left_off_ = 0;
};

}  // namespace carillon::config

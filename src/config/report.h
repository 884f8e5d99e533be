#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.h"

namespace carillon::config {

inline constexpr std::size_t kProblemsMax = 200;
// What the message about a key that no option has begins with.
inline constexpr std::string_view kUnknownKey = "unknown key";

// Report: all problems of a configuration, unknown keys first, then in the order of the file. It is bounded,
// because a hostile file must not turn one megabyte into gigabytes of messages.
class Report {
 public:
  // Control characters are escaped here, because the text goes to a terminal.
  void error(Origin origin, std::string_view key, std::string_view message);
  void warning(Origin origin, std::string_view key, std::string_view message);
  void note(std::string_view text);

  // Whether `key` or a key below it has a problem already. A second problem that only follows from the first
  // would mislead the reader.
  bool has_error_at(std::string_view key) const;
  std::size_t error_count() const { return errors_.size() + left_off_; }
  // Whether further errors are only counted, so that their text is not needed.
  bool is_full() const { return errors_.size() >= kProblemsMax; }
  // Returns the problems: unknown keys, then the others, each sorted by line. Those of `source`, the file's
  // name, come before those of profiles.
  void move_into(Loaded& loaded, std::string_view source) &&;

 private:
  std::vector<Problem> errors_;
  std::vector<Problem> warnings_;
  std::vector<std::string> notes_;
  std::size_t left_off_ = 0;
};

}  // namespace carillon::config

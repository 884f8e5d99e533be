// The forms of a log line: JSON for machines, text for a terminal, logfmt (key=value) for both.
//
// Pure; thread: any.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"
#include "config/settings.h"

namespace carillon::app {

// The word for a level, as in log.level and in every line.
std::string_view name_of(LogLevel level);

// What stands in a line.
struct LogLine {
  LogLevel level;
  std::string_view message;
  WallTime time;
  std::span<const LogField> fields;
};

enum class Colours : std::uint8_t { off, on };

// Returns the line without its end. No value can end a line or reach the terminal as an escape sequence:
// clients decide many of them. `colours` concerns text only.
std::string format_line(config::LogFormat format, const LogLine& line, Colours colours = Colours::off);

}  // namespace carillon::app

#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <variant>

namespace carillon {

// Severity of a log line, from the least to the most important.
enum class LogLevel { debug, info, warning, error };

// One member of a log line. Views need to live only for the call to write().
struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};

// Log: the interface for writing structured log lines. app/ implements the asynchronous, bounded writer, so
// that no other folder depends on a logging library and tests can record the lines.
//
// Thread: any. Never blocks: a line that finds the queue full is dropped and counted.
// Never log a token, password or key: show a request through http::Redaction only.
class Log {
 public:
  virtual ~Log() = default;
  virtual void write_fields(LogLevel level, std::string_view message, std::span<const LogField> fields) = 0;
  // Whether lines of this level are written now; ask before making a line that costs something.
  virtual bool is_written(LogLevel /*level*/) const { return true; }

  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {}) {
    write_fields(level, message, {fields.begin(), fields.size()});
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::info, message, fields);
  }
  void warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::warning, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    write(LogLevel::error, message, fields);
  }
};

// A Log that discards every line.
class NullLog final : public Log {
 public:
  void write_fields(LogLevel, std::string_view, std::span<const LogField>) override {}
  bool is_written(LogLevel) const override { return false; }
};

}  // namespace carillon

// RecordingLog: keeps every line that is logged, as text and as fields. For tests.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/log.h"

namespace carillon::gateway::testing {

class RecordingLog final : public Log {
 public:
  struct Record {
    LogLevel level;
    std::string message;
    std::map<std::string, std::string> fields;  // text and integers
  };
  void write_fields(LogLevel level, std::string_view message, std::span<const LogField> fields) override {
    std::string line(message);
    Record record{level, std::string(message), {}};
    for (const LogField& field : fields) {
      if (const auto* text = std::get_if<std::string_view>(&field.value)) {
        line.append(" ").append(field.key).append("=").append(*text);
        record.fields.emplace(field.key, *text);
      } else if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
        record.fields.emplace(field.key, std::to_string(*number));
      }
    }
    lines.push_back(std::move(line));
    records.push_back(std::move(record));
  }
  // Lines that cost something are made only when somebody asks for them.
  bool is_written(LogLevel level) const override { return level != LogLevel::debug || writes_debug; }

  bool writes_debug = false;
  std::vector<std::string> lines;
  std::vector<Record> records;
};

}  // namespace carillon::gateway::testing

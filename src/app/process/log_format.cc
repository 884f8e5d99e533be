#include "app/process/log_format.h"

#include <algorithm>

#include "json/writer.h"

namespace carillon::app {
namespace {

constexpr std::string_view kReset = "\x1b[0m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::size_t kMessageColumns = 32;  // to which text pads a message, so that fields line up

std::string json_line(const LogLine& line) {
  std::string out;
  json::ObjectWriter writer(out);
  writer.member("level", name_of(line.level));
  writer.member("message", line.message);
  writer.member("timestamp", rfc3339_milliseconds(line.time));
  for (const LogField& field : line.fields) {
    std::visit([&](const auto& value) { writer.member(field.key, value); }, field.value);
  }
  writer.close();
  return out;
}

bool is_plain(char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '=' && c != '\\'; }

// U+0080 to U+009F, which some terminals obey as they do the ASCII control characters.
bool is_c1_control(std::string_view text, std::size_t at) {
  return text[at] == '\xc2' && at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xa0;
}

// As it is where it is one plain word, otherwise as a JSON string.
void append_value(std::string& out, std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) {
    out += text;
    return;
  }
  std::string quoted;
  json::append_string(quoted, text);
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] == '\x7f') {
      out += "\\u007f";
    } else if (is_c1_control(quoted, i)) {
      constexpr std::string_view kHex = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(quoted[++i]);
      out.append("\\u00").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15U]);
    } else {
      out += quoted[i];
    }
  }
}

void append_value(std::string& out, const LogField& field) {
  if (const auto* const text = std::get_if<std::string_view>(&field.value)) {
    append_value(out, *text);
  } else {
    std::visit([&out](const auto& value) { json::append_value(out, value); }, field.value);
  }
}

std::string logfmt_line(const LogLine& line) {
  std::string out =
      "time=" + rfc3339_milliseconds(line.time) + " level=" + std::string(name_of(line.level)) + " message=";
  append_value(out, line.message);
  for (const LogField& field : line.fields) {
    out.append(" ").append(field.key).append("=");
    append_value(out, field);
  }
  return out;
}

std::string_view colour_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "\x1b[36m";  // cyan
    case LogLevel::info:
      return "\x1b[32m";  // green
    case LogLevel::warning:
      return "\x1b[33m";  // yellow
    case LogLevel::error:
      break;
  }
  return "\x1b[31m";  // red
}

std::string painted(std::string_view text, std::string_view colour, Colours colours) {
  if (colours == Colours::off) return std::string(text);
  return std::string(colour).append(text).append(kReset);
}

// "12:00:00.123 warning  bus is down     url=redis://127.0.0.1:6379 attempts=3"
std::string text_line(const LogLine& line, Colours colours) {
  const std::string time = rfc3339_milliseconds(line.time);
  std::string out = painted(std::string_view(time).substr(11, 12), kDim, colours) + ' ';
  const std::string_view level = name_of(line.level);
  out += painted(level, colour_of(line.level), colours);
  out.append(level.size() < 8 ? 8 - level.size() : 1, ' ');
  std::string message;
  append_value(message, line.message);
  // Our messages are sentences without quotes; only what could harm a terminal stays escaped.
  if (message.size() == line.message.size() + 2) message = line.message;
  out += message;
  if (line.fields.size() > 0 && message.size() < kMessageColumns)
    out.append(kMessageColumns - message.size(), ' ');
  for (const LogField& field : line.fields) {
    out += ' ';
    out += painted(std::string(field.key) + "=", kDim, colours);
    append_value(out, field);
  }
  return out;
}

}  // namespace

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      break;
  }
  return "error";
}

std::string format_line(config::LogFormat format, const LogLine& line, Colours colours) {
  switch (format) {
    case config::LogFormat::text:
      return text_line(line, colours);
    case config::LogFormat::logfmt:
      return logfmt_line(line);
    case config::LogFormat::json:
      break;
  }
  return json_line(line);
}

}  // namespace carillon::app

#include "app/process/log_format.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace carillon::app {
namespace {

using config::LogFormat;

constexpr WallTime kAt{milliseconds(1'767'225'600'123)};

std::string line_of(LogFormat format, std::string_view value, Colours colours = Colours::off) {
  const std::array<LogField, 4> fields{
      {{"url", value}, {"attempts", std::int64_t{3}}, {"after_s", 0.5}, {"is_last", false}}};
  return format_line(format, {LogLevel::warning, "the bus is down", kAt, fields}, colours);
}

TEST(LogFormat, JsonIsOneObjectWithTheMembersThatEveryLineHas) {
  EXPECT_EQ(line_of(LogFormat::json, "redis://a b"),
            R"({"level":"warning","message":"the bus is down","timestamp":"2026-01-01T00:00:00.123Z",)"
            R"("url":"redis://a b","attempts":3,"after_s":0.5,"is_last":false})");
}

TEST(LogFormat, LogfmtQuotesWhatIsNotOneWord) {
  EXPECT_EQ(
      line_of(LogFormat::logfmt, "redis://a:1"),
      "time=2026-01-01T00:00:00.123Z level=warning message=\"the bus is down\" url=redis://a:1 attempts=3 "
      "after_s=0.5 is_last=false");
  const auto quoted = [](std::string_view value) {
    const std::string line = line_of(LogFormat::logfmt, value);
    const std::size_t from = line.find("url=") + 4;
    return line.substr(from, line.find(" attempts") - from);
  };
  EXPECT_EQ(quoted(""), "\"\"");
  EXPECT_EQ(quoted("a b"), "\"a b\"");
  EXPECT_EQ(quoted("a=b"), "\"a=b\"");
  EXPECT_EQ(quoted("a\"b"), "\"a\\\"b\"");
  EXPECT_EQ(quoted("\\"), "\"\\\\\"");
  EXPECT_EQ(quoted("é"), "\"é\"");
}

TEST(LogFormat, TextLinesUpTheFields) {
  EXPECT_EQ(line_of(LogFormat::text, "redis://a:1"),
            "00:00:00.123 warning the bus is down                  url=redis://a:1 attempts=3 after_s=0.5 "
            "is_last=false");
  EXPECT_EQ(format_line(LogFormat::text, {LogLevel::info, "ready", kAt, {}}), "00:00:00.123 info    ready");
}

TEST(LogFormat, TextHasColoursOnlyWhereTheyAreWanted) {
  EXPECT_EQ(line_of(LogFormat::text, "x").find('\x1b'), std::string::npos);
  const std::string line = line_of(LogFormat::text, "x", Colours::on);
  EXPECT_NE(line.find("\x1b[33mwarning\x1b[0m"), std::string::npos) << line;
  EXPECT_EQ(line_of(LogFormat::json, "x", Colours::on), line_of(LogFormat::json, "x"));
}

// Clients choose the names of channels and the targets of requests.
TEST(LogFormat, NoValueEndsALineOrReachesATerminalAsAnEscapeSequence) {
  const std::vector<std::string_view> values = {
      "a\nb", "a\r\nb", "\x1b[2J", "\x7f", "\xc2\x9b", "\xff\xfe", std::string_view("\0", 1)};
  for (const std::string_view value : values) {
    for (const LogFormat format : {LogFormat::json, LogFormat::logfmt, LogFormat::text}) {
      const std::string line = line_of(format, value);
      for (const char c : line) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20) << line;
      if (format != LogFormat::json) {
        EXPECT_EQ(line.find('\x7f'), std::string::npos) << line;
        EXPECT_EQ(line.find("\xc2\x9b"), std::string::npos) << line;
      }
    }
    const std::string in_message = format_line(LogFormat::text, {LogLevel::info, value, kAt, {}});
    for (const char c : in_message) EXPECT_FALSE(static_cast<unsigned char>(c) < 0x20) << in_message;
  }
}

}  // namespace
}  // namespace carillon::app

#include "app/command/listen_text.h"

#include <gtest/gtest.h>

#include <array>

namespace carillon::app {
namespace {

constexpr WallTime kReceivedAt{milliseconds(1'800'000'000'123)};

TEST(MessageLine, PlainIsTheTimeAndTheText) {
  EXPECT_EQ(message_line(R"({"a":1})", false, kReceivedAt, MessageStyle::plain), R"(08:00:00.123Z {"a":1})");
  EXPECT_EQ(message_line(R"({"a":1})", false, kReceivedAt, MessageStyle::coloured),
            "\033[2m08:00:00.123Z\033[0m {\"a\":1}");
}

TEST(MessageLine, ControlCharactersDoNotReachTheTerminal) {
  EXPECT_EQ(message_line("\033[31m\n", false, kReceivedAt, MessageStyle::plain),
            "08:00:00.123Z \\u001b[31m\\u000a");
  EXPECT_EQ(message_line(std::string_view("\0\1", 2), true, kReceivedAt, MessageStyle::plain),
            "08:00:00.123Z (binary, 2 bytes)");
}

TEST(MessageLine, JsonIsOneLineWhateverTheMessageIs) {
  const auto line = [](std::string_view message, bool is_binary) {
    return message_line(message, is_binary, kReceivedAt, MessageStyle::json);
  };
  EXPECT_EQ(line("{\n\"a\": \"b\\n\"}", false),
            R"({"received_at":"2027-01-15T08:00:00.123Z","data":{ "a": "b\n"}})");
  EXPECT_EQ(line("no json", false), R"({"received_at":"2027-01-15T08:00:00.123Z","data":"no json"})");
  EXPECT_EQ(line("\xff", true), R"({"received_at":"2027-01-15T08:00:00.123Z","base64url":"_w"})");
}

TEST(ShownText, TheSecretIsLeftOutAndLongTextsAreCut) {
  EXPECT_EQ(shown_text("token abc, abc", "abc", 100), "token REDACTED, REDACTED");
  EXPECT_EQ(shown_text("abcdef", {}, 3), "abc…");
  EXPECT_EQ(shown_text("abc", {}, 3), "abc");
}

TEST(RetryDelay, GrowsToItsLimitAndIsJittered) {
  RetryDelay delay(7);
  milliseconds ceiling = RetryDelay::kFirst;
  for (int i = 0; i < 20; ++i) {
    const milliseconds wait = delay.next();
    EXPECT_GE(wait, ceiling / 2);
    EXPECT_LE(wait, ceiling);
    ceiling = std::min(ceiling * 2, RetryDelay::kLongest);
  }
  delay.reset();
  EXPECT_LE(delay.next(), RetryDelay::kFirst);
  EXPECT_NE(RetryDelay(1).next(), RetryDelay(2).next());
}

TEST(CloseCodes, EachHasAMeaning) {
  constexpr std::array<std::uint16_t, 7> kCodes = {1000, 1001, 1005, 1008, 1013, 3999, 4000};
  for (const std::uint16_t code : kCodes) EXPECT_NE(meaning_of_close(code), "");
  EXPECT_NE(meaning_of_close(3999), meaning_of_close(4000));
}

}  // namespace
}  // namespace carillon::app

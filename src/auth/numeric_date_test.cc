#include "auth/numeric_date.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::auth {
namespace {

std::optional<std::int64_t> ms(std::string_view number) {
  const auto date = numeric_date(number);
  if (!date) return std::nullopt;
  return date->time_since_epoch().count();
}

TEST(NumericDate, WholeAndFractionalSecondsAreExactToTheMillisecond) {
  const std::pair<std::string_view, std::int64_t> rows[] = {{"0", 0},
                                                            {"-0", 0},
                                                            {"0.0", 0},
                                                            {"0e9", 0},
                                                            {"1", 1000},
                                                            {"1700000000", 1'700'000'000'000},
                                                            {"1700000000.5", 1'700'000'000'500},
                                                            {"1700000000.001", 1'700'000'000'001},
                                                            {"1.7e9", 1'700'000'000'000},
                                                            {"17E+8", 1'700'000'000'000},
                                                            {"1700000000000e-3", 1'700'000'000'000},
                                                            {"0.0017e12", 1'700'000'000'000},
                                                            {"-1", -1000},
                                                            {"-1.5", -1500},
                                                            {"0.25", 250},
                                                            {"5e-3", 5}};
  for (const auto& [number, expected] : rows) EXPECT_EQ(ms(number), expected) << number;
}

TEST(NumericDate, FinerFractionsRoundUpSoThatAWholeMillisecondComparesExactly) {
  EXPECT_EQ(ms("1.0001"), 1001);
  EXPECT_EQ(ms("1.00000000000000000000000001"), 1001);
  EXPECT_EQ(ms("1.00000000000000000000000000"), 1000);
  EXPECT_EQ(ms("0.9999"), 1000);
  EXPECT_EQ(ms("1e-30"), 1);
  EXPECT_EQ(ms("-1.0001"), -1000);  // -1000.1 ms: the first whole one not before it
  EXPECT_EQ(ms("-1e-30"), 0);
}

TEST(NumericDate, ADateBeyondTheYear2262IsThatYear) {
  const std::int64_t last = 9'223'372'036'000;
  EXPECT_EQ(ms("9223372035"), last - 1000);
  EXPECT_EQ(ms("9223372035.999"), last - 1);
  EXPECT_EQ(ms("9223372036"), last);
  EXPECT_EQ(ms("9223372037"), last);
  EXPECT_EQ(ms("9223372036854775"), last);  // its milliseconds just fit in 64 bits
  EXPECT_EQ(ms("9223372036854776"), last);  // and these do not
  EXPECT_EQ(ms("1e18"), last);
  EXPECT_EQ(ms("-9223372037"), -last);
  EXPECT_EQ(ms("-9223372036854775807"), -last);
}

TEST(NumericDate, SecondsThatDoNotFitIn64BitsAreRefused) {
  EXPECT_TRUE(ms("9223372036854775806"));
  EXPECT_TRUE(ms("9223372036854775807"));
  EXPECT_TRUE(ms("9223372036854775807.9"));
  EXPECT_FALSE(ms("9223372036854775808"));
  EXPECT_FALSE(ms("18446744073709551616"));  // 2^64, which would wrap to 0
  EXPECT_FALSE(ms("18446744073709551617"));
  EXPECT_FALSE(ms("99999999999999999999999999"));
  EXPECT_FALSE(ms("1e19"));
  EXPECT_FALSE(ms("1e400"));
  EXPECT_FALSE(ms("-1e400"));
  EXPECT_FALSE(ms("1e999999999999999999999999"));
  EXPECT_EQ(ms("1e-999999999999999999999999"), 1);
  EXPECT_EQ(ms("0e999999999999999999999999"), 0);
}

TEST(NumericDate, ThousandsOfDigitsAreReadToTheLast) {
  EXPECT_EQ(ms("1" + std::string(5000, '0') + "e-4991"), 1'000'000'000'000);
  EXPECT_EQ(ms("0." + std::string(5000, '0') + "1e5010"), 1'000'000'000'000);
  EXPECT_EQ(ms("1." + std::string(5000, '0') + "1"), 1001);
}

}  // namespace
}  // namespace carillon::auth

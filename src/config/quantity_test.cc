#include "config/quantity.h"

#include <gtest/gtest.h>

namespace carillon::config {
namespace {

TEST(Quantity, ADurationIsAWholeNumberWithOneUnit) {
  EXPECT_EQ(parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("30s"), milliseconds(30000));
  EXPECT_EQ(parse_duration("5m"), milliseconds(300000));
  EXPECT_EQ(parse_duration("1h"), milliseconds(3600000));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
  for (const auto* text :
       {"", "s", "30", "1.5s", "-1s", "+1s", "1 s", "1s ", " 1s", "1m30s", "1d", "30S", "1e3s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Quantity, ADurationEndsAtAHundredDays) {
  EXPECT_EQ(parse_duration("2399h"), milliseconds(2399LL * 3600000));
  EXPECT_EQ(parse_duration("2400h"), milliseconds(2400LL * 3600000));
  EXPECT_EQ(parse_duration("8640000001ms"), std::nullopt);
  EXPECT_EQ(parse_duration("2401h"), std::nullopt);
  EXPECT_EQ(parse_duration("18446744073709551615h"), std::nullopt);
  EXPECT_EQ(parse_duration("18446744073709551616ms"), std::nullopt);
}

TEST(Quantity, ADurationIsShownInTheLargestExactUnit) {
  EXPECT_EQ(show_duration(milliseconds(0)), "0s");
  EXPECT_EQ(show_duration(milliseconds(1)), "1ms");
  EXPECT_EQ(show_duration(milliseconds(1500)), "1500ms");
  EXPECT_EQ(show_duration(milliseconds(90000)), "90s");
  EXPECT_EQ(show_duration(milliseconds(60000)), "1m");
  EXPECT_EQ(show_duration(milliseconds(7200000)), "2h");
}

TEST(Quantity, ASizeHasABinaryUnit) {
  EXPECT_EQ(parse_size("512B"), 512U);
  EXPECT_EQ(parse_size("64KiB"), 65536U);
  EXPECT_EQ(parse_size("1MiB"), 1048576U);
  EXPECT_EQ(parse_size("2GiB"), 2147483648U);
  for (const auto* text : {"", "64", "64KB", "64kib", "64 KiB", "-1KiB", "1.5MiB", "KiB"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Quantity, ASizeEndsAt64Bits) {
  EXPECT_EQ(parse_size("17179869183GiB"), 17179869183ULL << 30);
  EXPECT_EQ(parse_size("17179869184GiB"), std::nullopt);
  EXPECT_EQ(parse_size("18446744073709551615B"), 18446744073709551615ULL);
  EXPECT_EQ(parse_size("18446744073709551616B"), std::nullopt);
}

TEST(Quantity, ASizeIsShownInTheLargestExactUnit) {
  EXPECT_EQ(show_size(0), "0");
  EXPECT_EQ(show_size(1000), "1000");
  EXPECT_EQ(show_size(1024), "1KiB");
  EXPECT_EQ(show_size(1536), "1536");
  EXPECT_EQ(show_size(16777216), "16MiB");
}

}  // namespace
}  // namespace carillon::config

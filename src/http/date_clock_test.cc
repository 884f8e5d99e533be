#include "http/date_clock.h"

#include <gtest/gtest.h>

namespace carillon::http {
namespace {

WallTime at_second(std::int64_t unix_seconds, int ms = 0) {
  return WallTime(seconds(unix_seconds)) + milliseconds(ms);
}

TEST(DateClock, WritesTheFormOfRfc9110_5_6_7) {
  DateClock clock;
  EXPECT_EQ(clock.at(at_second(784111777)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(clock.at(at_second(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(clock.at(at_second(951782399)), "Mon, 28 Feb 2000 23:59:59 GMT");
  EXPECT_EQ(clock.at(at_second(951782400)), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(DateClock, ChangesWithTheSecondAndWithAClockThatIsSetBack) {
  DateClock clock;
  EXPECT_EQ(clock.at(at_second(784111777, 999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(clock.at(at_second(784111778)), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(clock.at(at_second(784111776)), "Sun, 06 Nov 1994 08:49:36 GMT");
}

TEST(DateClock, StaysInsideItsFourDigitsOfYear) {
  DateClock clock;
  EXPECT_EQ(clock.at(at_second(-1)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(clock.at(at_second(253402300800)).substr(0, 16), "Fri, 31 Dec 9999");
}

}  // namespace
}  // namespace carillon::http

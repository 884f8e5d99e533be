#include "json/writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "json/reader.h"
#include "json/validate.h"

namespace carillon::json {
namespace {

using std::string_view_literals::operator""sv;

std::string quoted(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

TEST(Writer, EscapesWhatMustBeEscaped_Rfc8259_7) {
  EXPECT_EQ(quoted(""), R"("")");
  EXPECT_EQ(quoted("plain / text"), R"("plain / text")");
  EXPECT_EQ(quoted("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(quoted("\0\x01\x1F\x7F"sv), "\"\\u0000\\u0001\\u001f\x7F\"");
  EXPECT_EQ(quoted("caf\xC3\xA9 \xF0\x9F\x94\x94"), "\"caf\xC3\xA9 \xF0\x9F\x94\x94\"");
}

TEST(Writer, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(quoted("a\x80z"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(quoted("\xE2\x82"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(quoted("\xE2\x82z\xF0\x9F\x94"), "\"\xEF\xBF\xBDz\xEF\xBF\xBD\"");
  EXPECT_EQ(quoted("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(Writer, EveryPairOfBytesComesOutAsValidJson) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const char bytes[2] = {static_cast<char>(first), static_cast<char>(second)};
      const std::string json = quoted(std::string_view(bytes, 2));
      ASSERT_TRUE(is_valid(json)) << first << " " << second;
      ASSERT_TRUE(Value::of_valid(json).string());
    }
  }
}

TEST(Writer, WritesObjects) {
  std::string out;
  {
    ObjectWriter w(out);
    w.member("status", "ok").member("text", std::string("a\"b")).member("n", 3).member("big", UINT64_MAX);
    w.member("low", INT64_MIN).member("half", 0.5).member("yes", true).member("no", false);
    w.raw_member("raw", "[1, 2]");
    {
      ObjectWriter bus = w.object("bus");
      bus.member("state", "up");
    }
    ArrayWriter list = w.array("list");
    list.element(1).element("two").raw_element("{}");
    list.object().member("a", 1);
    list.array();
    list.close();
    w.member("last\n", std::string_view("x"));
  }
  EXPECT_EQ(out,
            R"({"status":"ok","text":"a\"b","n":3,"big":18446744073709551615,"low":-9223372036854775808,)"
            R"("half":0.5,"yes":true,"no":false,"raw":[1, 2],"bus":{"state":"up"},)"
            R"("list":[1,"two",{},{"a":1},[]],"last\n":"x"})");
  EXPECT_TRUE(is_valid(out));
}

TEST(Writer, ClosesOnce) {
  std::string out;
  {
    ObjectWriter w(out);
    w.close();
    w.close();
  }
  EXPECT_EQ(out, "{}");
}

TEST(Writer, WritesDoublesAsJsonAllows) {
  const auto text = [](double value) {
    std::string out;
    append_double(out, value);
    return out;
  };
  EXPECT_EQ(text(0.1), "0.1");
  EXPECT_EQ(text(1e300), "1e+300");
  EXPECT_EQ(text(std::numeric_limits<double>::infinity()), "null");
  EXPECT_EQ(text(std::numeric_limits<double>::quiet_NaN()), "null");
  for (const double value : {1.0, -0.0, 1e21, 1e-7, 5e-324, 1.7976931348623157e308}) {
    EXPECT_TRUE(is_valid(text(value))) << text(value);
    EXPECT_EQ(Value::of_valid(text(value)).number(), value);
  }
}

}  // namespace
}  // namespace carillon::json

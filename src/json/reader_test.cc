#include "json/reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace carillon::json {
namespace {

Value value_of(std::string_view text) {
  const auto value = parse(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : Value();
}

ParseError error_of(std::string_view text, ParseOptions options = {}) {
  const auto value = parse(text, options);
  EXPECT_FALSE(value.has_value()) << text;
  return value ? ParseError{} : value.error();
}

TEST(Reader, ReportsTypes) {
  EXPECT_EQ(value_of(" null ").type(), Type::null);
  EXPECT_EQ(value_of("true").type(), Type::boolean);
  EXPECT_EQ(value_of("false").type(), Type::boolean);
  EXPECT_EQ(value_of("-1").type(), Type::number);
  EXPECT_EQ(value_of("\"\"").type(), Type::string);
  EXPECT_EQ(value_of("[]").type(), Type::array);
  EXPECT_EQ(value_of("{}").type(), Type::object);
  EXPECT_EQ(Value().type(), Type::null);
  EXPECT_EQ(name_of(Type::object), "object");
}

TEST(Reader, RawIsWhatWasWritten_ByteForByte) {
  const std::string text = " { \"data\" : { \"a\" : 1.50 , \"b\":[ 1 ,2 ] } , \"x\":\"\\u0041\"} ";
  const Value object = value_of(text);
  EXPECT_EQ(object.raw(), "{ \"data\" : { \"a\" : 1.50 , \"b\":[ 1 ,2 ] } , \"x\":\"\\u0041\"}");
  EXPECT_EQ(object.find("data")->raw(), "{ \"a\" : 1.50 , \"b\":[ 1 ,2 ] }");
  EXPECT_EQ(object.find("data")->find("a")->raw(), "1.50");
  EXPECT_EQ(object.find("x")->raw(), "\"\\u0041\"");
  EXPECT_EQ(object.find("x")->raw().data(), text.data() + text.find("\"\\u0041"));
}

TEST(Reader, FindsMembersByUnescapedName) {
  const Value object = value_of(R"({"a":1,"b\"c":2,"\u0064":3,"":4,"\ud83d\udd14":5,"nested":{"z":6}})");
  EXPECT_EQ(object.find("a")->raw(), "1");
  EXPECT_EQ(object.find("b\"c")->raw(), "2");
  EXPECT_EQ(object.find("d")->raw(), "3");
  EXPECT_EQ(object.find("")->raw(), "4");
  EXPECT_EQ(object.find("\xF0\x9F\x94\x94")->raw(), "5");
  EXPECT_FALSE(object.find("z"));
  EXPECT_FALSE(object.find("A"));
  EXPECT_FALSE(value_of("[\"a\",1]").find("a"));
  EXPECT_FALSE(value_of("\"a\"").find("a"));
}

TEST(Reader, IsNotLedAstrayByBracketsAndQuotesInStrings) {
  const Value object = value_of(R"({"a":"}],\"","b":["{\\",{"c":"]\\\\"}],"d":"\\","e":7})");
  EXPECT_EQ(object.find("a")->string(), std::string("}],\""));
  EXPECT_EQ(object.find("b")->raw(), R"(["{\\",{"c":"]\\\\"}])");
  EXPECT_EQ(object.find("d")->string(), std::string("\\"));
  EXPECT_EQ(object.find("e")->raw(), "7");
}

TEST(Reader, ReadsStrings) {
  EXPECT_EQ(value_of(R"("a\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\udd14")").string(),
            std::string("a\"\\/\b\f\n\r\t\xC3\xA9\xE2\x82\xAC\xF0\x9F\x94\x94"));
  EXPECT_EQ(value_of(R"("\u0000")").string(), std::string(1, '\0'));
  EXPECT_EQ(value_of("1").string().error(), StringFault::not_a_string);
  EXPECT_TRUE(value_of(R"("p\u0069ng")").equals("ping"));
  EXPECT_FALSE(value_of(R"("ping")").equals("pin"));
  EXPECT_FALSE(value_of(R"("ping")").equals("ping!"));
  EXPECT_FALSE(value_of("1").equals("1"));
}

TEST(Reader, RefusesLoneSurrogatesInStrings) {
  for (const auto text : {R"("\ud800")", R"("\udc00")", R"("x\ud800y")", R"("\ud800\u0041")",
                          R"("\ud800\ud800")", R"("\udc00\ud800")", R"("\ud83d\\udd14")"}) {
    EXPECT_EQ(value_of(text).string().error(), StringFault::lone_surrogate) << text;
  }
  EXPECT_EQ(value_of(R"({"\ud800":1})").members().begin()->name().error(), StringFault::lone_surrogate);
  EXPECT_FALSE(value_of(R"("\ud800")").equals("\xEF\xBF\xBD"));
}

TEST(Reader, ReadsIntegersExactly) {
  const std::vector<std::pair<std::string_view, std::int64_t>> good = {
      {"0", 0},
      {"-0", 0},
      {"7", 7},
      {"-7", -7},
      {"9223372036854775807", INT64_MAX},
      {"-9223372036854775808", INT64_MIN},
      {"3.0", 3},
      {"3e0", 3},
      {"1e3", 1000},
      {"1.5e1", 15},
      {"10e-1", 1},
      {"1200e-2", 12},
      {"0.00", 0},
      {"0e999999999999999999999", 0},
      {"0.5e1", 5},
      {"100.00", 100},
      {"9007199254740993", 9007199254740993},
      {"1700000000", 1700000000},
      {"-1.2E+2", -120},
      {"9.223372036854775807e18", INT64_MAX}};
  for (const auto& [text, expected] : good) EXPECT_EQ(value_of(text).integer(), expected) << text;
  EXPECT_EQ(value_of("1" + std::string(5000, '0') + "e-5000").integer(), 1);
}

TEST(Reader, ReportsWhyANumberIsNotAnInteger) {
  for (const auto text :
       {"1.5", "1700000000.5", "1e-1", "0.1", "123456789012345678901234567890.5", "1e-999999999999999999"}) {
    EXPECT_EQ(value_of(text).integer().error(), NumberFault::not_an_integer) << text;
  }
  for (const auto text : {"9223372036854775808", "-9223372036854775809", "1e19", "1e400",
                          "18446744073709551616", "99999999999999999999", "1e999999999999999999999"}) {
    EXPECT_EQ(value_of(text).integer().error(), NumberFault::out_of_range) << text;
  }
  for (const auto text : {"\"1\"", "null", "true", "[1]"}) {
    EXPECT_EQ(value_of(text).integer().error(), NumberFault::not_a_number) << text;
  }
}

TEST(Reader, ReadsFractions) {
  EXPECT_EQ(value_of("1700000000.5").number(), 1700000000.5);
  EXPECT_EQ(value_of("-1e2").number(), -100.0);
  EXPECT_EQ(value_of("1e-400").number(), 0.0);
  EXPECT_EQ(value_of("0.000e400").number(), 0.0);
  EXPECT_EQ(value_of("1e400").number().error(), NumberFault::out_of_range);
  EXPECT_EQ(value_of("-1e400").number().error(), NumberFault::out_of_range);
  EXPECT_EQ(value_of(std::string(400, '9')).number().error(), NumberFault::out_of_range);
  EXPECT_EQ(value_of("\"1\"").number().error(), NumberFault::not_a_number);
}

TEST(Reader, ReadsBooleans) {
  EXPECT_EQ(value_of("true").boolean(), true);
  EXPECT_EQ(value_of("false").boolean(), false);
  EXPECT_EQ(value_of("0").boolean(), std::nullopt);
  EXPECT_EQ(value_of("null").boolean(), std::nullopt);
}

std::vector<std::string> elements_of(std::string_view text) {
  const Value array = value_of(text);
  std::vector<std::string> raw;
  for (const Value element : array.elements()) raw.emplace_back(element.raw());
  return raw;
}

TEST(Reader, WalksArraysAndObjects) {
  using Strings = std::vector<std::string>;
  EXPECT_EQ(elements_of("[]"), Strings{});
  EXPECT_EQ(elements_of("[ ]"), Strings{});
  EXPECT_EQ(elements_of("{\"a\":1}"), Strings{});
  EXPECT_EQ(elements_of("[ 1 , [2,3] ,{\"a\":[4]}, \"5,]\" ,null]"),
            (Strings{"1", "[2,3]", "{\"a\":[4]}", "\"5,]\"", "null"}));
  EXPECT_EQ(value_of("[1,2]").at(1)->raw(), "2");
  EXPECT_FALSE(value_of("[1,2]").at(2));
  EXPECT_FALSE(value_of("{\"0\":2}").at(0));

  Strings members;
  const Value object = value_of("{ \"a\" : 1 ,\"b\":{} , \"c\\n\" : [ ] }");
  for (const Member& member : object.members())
    members.push_back(*member.name() + "=" + std::string(member.value.raw()));
  EXPECT_EQ(members, (Strings{"a=1", "b={}", "c\n=[ ]"}));
  const Value empty = value_of("{ }");
  EXPECT_TRUE(empty.members().begin() == empty.members().end());
}

TEST(Reader, RefusesDuplicateMembersAtEveryDepth) {
  for (const auto text : {R"({"a":1,"a":2})", R"({"x":[{"a":1,"b":2,"a":3}]})", R"({"a":1,"\u0061":2})",
                          R"({"a":{"a":1},"b":2,"a":3})", R"({"":1,"":1})", R"({"\ud800":1,"\uD800":2})"}) {
    EXPECT_EQ(error_of(text).fault, ParseFault::duplicate_member) << text;
  }
  EXPECT_EQ(error_of(R"({"a":1,"a":2})").offset, 7u);
  for (const auto text : {R"({"a":{"a":{"a":1}}})", R"([{"a":1},{"a":2}])", R"({"a":"a","b":"a"})",
                          R"({"a":[{"b":1}],"b":2})", R"({"a":["b","b"]})", R"({"\ud800":1,"\ud801":2})"}) {
    EXPECT_TRUE(parse(text)) << text;
  }
}

TEST(Reader, WhereDuplicatesAreAllowedTheLastCounts) {
  const auto object = parse(R"({"a":1,"b":2,"\u0061":3})", {.duplicates = Duplicates::allow});
  ASSERT_TRUE(object);
  EXPECT_EQ(object->find("a")->raw(), "3");
}

TEST(Reader, BoundsWhatItReads) {
  ParseOptions options;
  options.bytes_max = 3;
  EXPECT_TRUE(parse("1", options));
  EXPECT_TRUE(parse("123", options));
  EXPECT_EQ(error_of("1234", options).fault, ParseFault::too_long);
  options = {};
  options.members_max = 2;
  EXPECT_TRUE(parse(R"({"a":1})", options));
  EXPECT_TRUE(parse(R"({"a":{"b":1}})", options));
  EXPECT_EQ(error_of(R"({"a":{"b":1},"c":2})", options).fault, ParseFault::too_many_members);
  options = {};
  options.depth_max = 2;
  EXPECT_TRUE(parse("[[]]", options));
  EXPECT_EQ(error_of("[[[]]]", options).validity, Validity::too_deep);
}

TEST(Reader, ReportsWhatIsWrongAndWhere) {
  EXPECT_EQ(error_of("{\"a\":01}").message(), "at byte 6: this is not how JSON writes a number");
  EXPECT_EQ(error_of("").message(), "at byte 0: a JSON value is missing");
  EXPECT_EQ(error_of(R"({"a":1,"a":2})").message(), "at byte 7: the object has two members of this name");
}

}  // namespace
}  // namespace carillon::json

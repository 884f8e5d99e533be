#include "json/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace carillon::json {
namespace {

using ::testing::HasSubstr;

constexpr std::array<std::string_view, 5> kVariables = {"channel", "*", "body", "time_s", "time_ms"};
constexpr std::string_view kBody = R"({"type":"a","data":{"id":[10,{"x/y":null}]},"n":1.50})";

std::string render(std::string_view text, std::string_view body = kBody) {
  const auto compiled = Template::compile(text, kVariables);
  EXPECT_TRUE(compiled.has_value()) << text << ": " << (compiled ? "" : compiled.error().message);
  std::string out;
  if (compiled) {
    const std::array<TemplateValue, 5> values = {
        TemplateValue::string("orion.x"), TemplateValue::string("x"), TemplateValue::raw(body),
        TemplateValue::string("2026-01-01T00:00:00Z"), TemplateValue::string("2026-01-01T00:00:00.000Z")};
    compiled->render(values, out);
  }
  return out;
}

std::string template_error(std::string_view text) {
  const auto compiled = Template::compile(text, kVariables);
  EXPECT_FALSE(compiled.has_value()) << text;
  return compiled ? "" : compiled.error().message;
}

TEST(Template, MakesTheOrionFrame) {
  EXPECT_EQ(
      render(R"({"channel":$channel,"payload":$body,"timestamp":$time_s})",
             "{ \"n\": 123456789012345678901234 }"),
      R"({"channel":"orion.x","payload":{ "n": 123456789012345678901234 },"timestamp":"2026-01-01T00:00:00Z"})");
}

TEST(Template, RendersEveryKindOfVariable) {
  EXPECT_EQ(render("$body", " [1] "), " [1] ");
  EXPECT_EQ(render(" $* "), R"( "x" )");
  EXPECT_EQ(render("[$*,$*, $time_ms]"), R"(["x","x", "2026-01-01T00:00:00.000Z"])");
  EXPECT_EQ(render(R"({"type":$*,"payload":$body})", "null"), R"({"type":"x","payload":null})");
  EXPECT_EQ(render(R"({"type":"ping"})"), R"({"type":"ping"})");
}

TEST(Template, FollowsPointersIntoABody) {
  EXPECT_EQ(render("{\"type\":$body/type,\"data\":$body/data}"),
            R"({"type":"a","data":{"id":[10,{"x/y":null}]}})");
  EXPECT_EQ(render("[$body/data/id/0,$body/data/id/1/x~1y,$body/n]"), "[10,null,1.50]");
  EXPECT_EQ(render("[$body/missing,$body/data/id/7,$body/type/0]"), "[null,null,null]");
  EXPECT_EQ(render("$body/n"), "1.50");
  EXPECT_EQ(render("$channel/n"), "null");
}

TEST(Template, InsertsTheJsonTextOfAValueAsAString) {
  EXPECT_EQ(render("{\"data\":$string(body)}", R"({"a":[1, "é\n"]})"), R"({"data":"{\"a\":[1, \"é\\n\"]}"})");
  EXPECT_EQ(render("[$string(body/data/id/0),$string(body/type),$string(body)]",
                   R"({"type":"a","data":{"id":[10]}})"),
            R"(["10","\"a\"","{\"type\":\"a\",\"data\":{\"id\":[10]}}"])");
  EXPECT_EQ(render("[$string(channel),$string(*)]"), R"(["orion.x","x"])") << "text is a string already";
  EXPECT_EQ(render("[$string(body/missing)]"), "[null]");
  EXPECT_THAT(template_error("[$string(body]"), HasSubstr("at byte 1: $string( has no `)`"));
  EXPECT_THAT(template_error("[$string()]"), HasSubstr("at byte 1: a variable's name is missing"));
  EXPECT_THAT(template_error("[$string(body, 1)]"), HasSubstr("at byte 13: $string takes one variable"));
  EXPECT_THAT(template_error("[$string(bdy)]"), HasSubstr("there is no variable $bdy; did you mean $body?"));
  EXPECT_THAT(template_error("{$string(body):1}"), HasSubstr("must take the place of a whole value"));
  EXPECT_THAT(template_error("[$string]"), HasSubstr("there is no variable $string"));
}

TEST(Template, ADoubledDollarIsALiteralOne) {
  EXPECT_EQ(render(R"({"price":"$$5 $$channel \"$$\"","c":$channel})"),
            R"({"price":"$5 $channel \"$\"","c":"orion.x"})");
}

TEST(Template, EscapesStringsAndPassesRawValuesThrough) {
  const auto compiled = Template::compile("[$s,$r]", std::array<std::string_view, 2>{"s", "r"});
  ASSERT_TRUE(compiled);
  std::string out = "before ";
  compiled->render(std::array{TemplateValue::string("a\"\n\xFF"), TemplateValue::raw("\"\\u0041\"")}, out);
  EXPECT_EQ(out, "before [\"a\\\"\\n\xEF\xBF\xBD\",\"\\u0041\"]");
  out.clear();
  compiled->render(std::array{TemplateValue::string(""), TemplateValue{}}, out);
  EXPECT_EQ(out, "[\"\",null]");
}

TEST(Template, RefusesWhatCouldYieldInvalidJson) {
  for (const auto text : {"",
                          " ",
                          "{",
                          "[$body",
                          "[$body,]",
                          "{\"a\":}",
                          "$body $body",
                          "$$",
                          "[$$]",
                          "1$body",
                          "$body$channel",
                          "-$body",
                          "$body.5",
                          "$body\"x\"",
                          "{$channel:1}",
                          "{\"a\"$body}",
                          "nul$body",
                          "[1 $body]",
                          "\"\\$$\"",
                          "[\"\\u00$$\"]",
                          "\"\\"}) {
    EXPECT_FALSE(Template::compile(text, kVariables)) << text;
  }
}

TEST(Template, ReportsWhereAndWhy) {
  EXPECT_THAT(template_error(R"({"a":"$channel"})"),
              HasSubstr("at byte 6: $channel stands inside a string; write it without"));
  EXPECT_THAT(template_error(R"({"a":"5$ each"})"), HasSubstr("at byte 7: a literal `$` is written `$$`"));
  EXPECT_THAT(template_error("{$channel:1}"),
              HasSubstr("at byte 1: $channel must take the place of a whole value"));
  EXPECT_THAT(template_error("[1$body]"), HasSubstr("at byte 2: $body must take the place of a whole value"));
  EXPECT_THAT(template_error("$body.type"),
              HasSubstr("at byte 5: $body must take the place of a whole value"));
  EXPECT_THAT(template_error("[$$]"), HasSubstr("at byte 1: a literal `$` may only stand inside a string"));
  EXPECT_THAT(template_error("[$ ]"), HasSubstr("at byte 1: a variable's name is missing"));
  EXPECT_THAT(template_error("[$body,$body/data,]"),
              HasSubstr("at byte 18: this is not what JSON allows here"));
  EXPECT_THAT(template_error("[\"$$$$\",01]"), HasSubstr("at byte 9: this is not how JSON writes a number"));
  EXPECT_THAT(template_error("{\"a\":$body"), HasSubstr("at byte 10: the JSON text ends too early"));
  EXPECT_THAT(template_error("[$body/a~2]"), HasSubstr("at byte 6: in a JSON Pointer"));
}

TEST(Template, NamesTheNearestVariable) {
  EXPECT_THAT(template_error("[$chanel]"),
              HasSubstr("at byte 1: there is no variable $chanel; did you mean $channel?"));
  EXPECT_THAT(template_error("[$time_z]"), HasSubstr("did you mean $time_s?"));
  EXPECT_THAT(template_error("[$something_else]"),
              HasSubstr("there are $channel, $*, $body, $time_s, $time_ms"));
  const auto none = Template::compile("$a", {});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("none may be used here"));
}

TEST(Template, KnowsWhatItUses) {
  const auto compiled = Template::compile("[$body/type,$time_s]", kVariables);
  ASSERT_TRUE(compiled);
  EXPECT_FALSE(compiled->uses(0));
  EXPECT_TRUE(compiled->uses(2));
  EXPECT_TRUE(compiled->uses(3));
  EXPECT_FALSE(compiled->uses(4));
}

TEST(Template, KnowsAVerbatimRelay) {
  EXPECT_EQ(Template::compile("$body", kVariables)->verbatim_variable(), 2u);
  EXPECT_EQ(Template::compile(" $body", kVariables)->verbatim_variable(), std::nullopt);
  EXPECT_EQ(Template::compile("$body/a", kVariables)->verbatim_variable(), std::nullopt);
  EXPECT_EQ(Template::compile("$string(body)", kVariables)->verbatim_variable(), std::nullopt);
  EXPECT_EQ(Template::compile("1", kVariables)->verbatim_variable(), std::nullopt);
}

TEST(Template, IsBounded) {
  const auto padded = [](std::size_t bytes) { return "1" + std::string(bytes - 1, ' '); };
  EXPECT_TRUE(Template::compile(padded(kTemplateBytesMax - 1), kVariables));
  EXPECT_TRUE(Template::compile(padded(kTemplateBytesMax), kVariables));
  EXPECT_FALSE(Template::compile(padded(kTemplateBytesMax + 1), kVariables));
  const auto with_places = [](std::size_t places) {
    std::string text = "[$body";
    for (std::size_t i = 1; i < places; ++i) text += ",$body";
    return text + "]";
  };
  EXPECT_TRUE(Template::compile(with_places(kTemplatePlacesMax - 1), kVariables));
  EXPECT_TRUE(Template::compile(with_places(kTemplatePlacesMax), kVariables));
  EXPECT_FALSE(Template::compile(with_places(kTemplatePlacesMax + 1), kVariables));
}

TEST(Template, RenderingAllocatesNothingInARoomyString) {
  const auto compiled = Template::compile("{\"a\":$channel,\"b\":$body/data/id,\"c\":$body}", kVariables);
  ASSERT_TRUE(compiled);
  std::string out;
  out.reserve(4096);
  const char* before = out.data();
  const std::array<TemplateValue, 5> values = {
      TemplateValue::string("x"), {}, TemplateValue::raw(kBody), {}, {}};
  compiled->render(values, out);
  EXPECT_EQ(out.data(), before);
  EXPECT_THAT(out, HasSubstr(R"("b":[10,{"x/y":null}])"));
}

TEST(Template, StopsAtABoundWhereManyPlacesMultiplyAValue) {
  constexpr std::array<std::string_view, 1> kNames{"a"};
  const auto compiled = Template::compile("[$a,$a,$a]", kNames);
  ASSERT_TRUE(compiled.has_value());
  const std::vector<TemplateValue> values = {TemplateValue::raw("\"1234567\"")};  // 9 bytes
  for (const std::size_t max : {30U, 31U, 32U}) {                                 // it makes 31
    std::string out = "before";
    EXPECT_EQ(compiled->render_within(max, values, out), max >= 31) << max;
    if (max >= 31) {
      EXPECT_EQ(out, R"(before["1234567","1234567","1234567"])");
    }
  }
  std::string out;
  EXPECT_FALSE(compiled->render_within(1, values, out));
  EXPECT_EQ(out, R"(["1234567")");
}

}  // namespace
}  // namespace carillon::json

// Paths with parameters: what matches, what may be written, and texts that the parameters stand in.
#include "http/path_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::http {
namespace {

using ::testing::ElementsAre;

PathPattern pattern_of(std::string_view text) {
  auto pattern = PathPattern::parse(text);
  EXPECT_TRUE(pattern.has_value()) << text << ": " << pattern.error().message;
  return pattern ? std::move(*pattern) : PathPattern{};
}

// "value|value", or "-" where it does not match.
std::string match(std::string_view pattern, std::string_view path) {
  const auto values = pattern_of(pattern).match(path);
  if (!values) return "-";
  std::string all;
  for (const auto value : *values) all += std::string(value) + "|";
  return all;
}

TEST(PathPattern, ALiteralPathMatchesItselfOnly) {
  EXPECT_EQ(match("/api/streams", "/api/streams"), "");
  for (const char* path :
       {"", "/", "/api", "/api/", "/api/streams/", "/api/stream", "/api/streamss", "/API/streams",
        "api/streams", "/api/streams/1", "//api/streams", "/api//streams"}) {
    EXPECT_EQ(match("/api/streams", path), "-") << path;
  }
  EXPECT_EQ(match("/", "/"), "");
  EXPECT_EQ(match("/", ""), "-");
  EXPECT_EQ(match("/a/", "/a/"), "");
  EXPECT_EQ(match("/a/", "/a"), "-");
}

TEST(PathPattern, OverlapsWithAnotherWhenSomePathMatchesBoth) {
  const auto overlap = [](std::string_view a, std::string_view b) {
    EXPECT_EQ(pattern_of(a).overlaps(pattern_of(b)), pattern_of(b).overlaps(pattern_of(a))) << a << " " << b;
    return pattern_of(a).overlaps(pattern_of(b));
  };
  EXPECT_TRUE(overlap("/a", "/a"));
  EXPECT_TRUE(overlap("/a/{x}", "/a/{y}"));
  EXPECT_TRUE(overlap("/a/{x}", "/a/b"));
  EXPECT_TRUE(overlap("/a/{x}", "/{y}/b"));
  EXPECT_FALSE(overlap("/a", "/b"));
  EXPECT_FALSE(overlap("/a/{x}", "/a"));
  EXPECT_FALSE(overlap("/a/{x}", "/a/{x}/c"));
  EXPECT_FALSE(overlap("/a/{x}/c", "/a/{x}/d"));
}

TEST(PathPattern, AParameterIsOneSegmentThatIsNotEmpty) {
  EXPECT_EQ(match("/api/streams/{id}", "/api/streams/42"), "42|");
  EXPECT_EQ(match("/api/streams/{id}", "/api/streams/a b\"{}%\xc3\xbc"), "a b\"{}%\xc3\xbc|");
  EXPECT_EQ(match("/api/streams/{id}", "/api/streams/"), "-");
  EXPECT_EQ(match("/api/streams/{id}", "/api/streams"), "-");
  EXPECT_EQ(match("/api/streams/{id}", "/api/streams/1/"), "-");
  EXPECT_EQ(match("/api/streams/{id}", "/api/streams/1/2"), "-");
  EXPECT_EQ(match("/api/streams/{id}/cancel", "/api/streams/42/cancel"), "42|");
  EXPECT_EQ(match("/api/streams/{id}/cancel", "/api/streams//cancel"), "-");
  EXPECT_EQ(match("/api/streams/{id}/cancel", "/api/streams/42/cancels"), "-");
  EXPECT_EQ(match("/{a}/{b}/x/{c}", "/1/2/x/3"), "1|2|3|");
  EXPECT_THAT(pattern_of("/{a}/{b2_}/x").names(), ElementsAre("a", "b2_"));
}

TEST(PathPattern, ABadPathIsRefusedWithWhatToWrite) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", R"(does not begin with "/"; write "/hooks/{id}")"},
      {"hooks", R"(does not begin with "/"; write "/hooks/{id}")"},
      {"/a//b", R"(has an empty segment; write "/hooks/{id}")"},
      {"/a/./b", R"(the segment "." is a dot segment, which no request has)"},
      {"/a/..", R"(the segment ".." is a dot segment, which no request has)"},
      {"/a?b=c", R"(the segment "a?b=c" is not literal (no patterns, no query, no %-escapes, no blanks))"},
      {"/a%20b", R"(the segment "a%20b" is not literal (no patterns, no query, no %-escapes, no blanks))"},
      {"/a b", R"(the segment "a b" is not literal (no patterns, no query, no %-escapes, no blanks))"},
      {"/*", R"(the segment "*" is not literal (no patterns, no query, no %-escapes, no blanks))"},
      {"/x-{id}",
       R"(the segment "x-{id}" is neither literal nor one parameter; write "{name}" for a whole segment)"},
      {"/{id}x",
       R"(the segment "{id}x" is neither literal nor one parameter; write "{name}" for a whole segment)"},
      {"/{", R"(the segment "{" is neither literal nor one parameter; write "{name}" for a whole segment)"},
      {"/{a}{b}",
       R"(the segment "{a}{b}" is neither literal nor one parameter; write "{name}" for a whole segment)"},
      {"/{}",
       R"(the segment "{}" names no parameter; write a letter, then letters, digits or "_", at most 32)"},
      {"/{1}",
       R"(the segment "{1}" names no parameter; write a letter, then letters, digits or "_", at most 32)"},
      {"/{a-b}",
       R"(the segment "{a-b}" names no parameter; write a letter, then letters, digits or "_", at most 32)"},
      {"/{a}/{a}", R"(the segment "{a}" stands in it twice; write another name)"},
  };
  for (const auto& [text, message] : rows) {
    const auto pattern = PathPattern::parse(text);
    ASSERT_FALSE(pattern.has_value()) << text;
    EXPECT_EQ(pattern.error().message, message) << text;
  }
}

TEST(PathPattern, ItsLimitsHold) {
  for (const std::size_t size : {254U, 255U, 256U}) {
    EXPECT_EQ(PathPattern::parse("/" + std::string(size - 1, 'a')).has_value(), size <= 255) << size;
  }
  for (const std::size_t size : {31U, 32U, 33U}) {
    EXPECT_EQ(PathPattern::parse("/{" + std::string(size, 'a') + "}").has_value(), size <= 32) << size;
  }
  for (const int count : {7, 8, 9}) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "/{p" + std::to_string(i) + "}";
    EXPECT_EQ(PathPattern::parse(text).has_value(), count <= 8) << count;
  }
}

TEST(PathPattern, OneShapeMatchesTheSamePaths) {
  EXPECT_EQ(pattern_of("/a/{x}/b").shape(), "/a/{}/b");
  EXPECT_EQ(pattern_of("/a/{x}").shape(), pattern_of("/a/{y}").shape());
  EXPECT_NE(pattern_of("/a/{x}").shape(), pattern_of("/a/x").shape());
  EXPECT_NE(pattern_of("/a/{x}").shape(), pattern_of("/a/{x}/").shape());
}

TEST(PathPattern, ALiteralIsMoreSpecificThanAParameterFromTheLeft) {
  EXPECT_TRUE(pattern_of("/a/b").is_more_specific_than(pattern_of("/a/{x}")));
  EXPECT_FALSE(pattern_of("/a/{x}").is_more_specific_than(pattern_of("/a/b")));
  EXPECT_TRUE(pattern_of("/a/{y}").is_more_specific_than(pattern_of("/{x}/b")));
  EXPECT_FALSE(pattern_of("/a/{y}").is_more_specific_than(pattern_of("/a/{x}")));
}

TEST(ParameterText, APathsParametersAreFilledIn) {
  const std::vector<std::string> names = {"id", "verb"};
  const std::vector<std::string_view> values = {"42", "stop"};
  const auto filled = [&](std::string_view text) { return ParameterText::parse(text, names)->fill(values); };
  EXPECT_EQ(filled("streams"), "streams");
  EXPECT_EQ(filled("{id}"), "42");
  EXPECT_EQ(filled("a.{verb}.{id}.{id}"), "a.stop.42.42");
  EXPECT_FALSE(ParameterText::parse("streams", names)->has_parameters());
  EXPECT_TRUE(ParameterText::parse("{id}", names)->has_parameters());
  const auto fault = [&](std::string_view text) { return ParameterText::parse(text, names).error().message; };
  EXPECT_EQ(fault("a.{ids}"), "the path has no {ids}; it has {id}, {verb}");
  EXPECT_EQ(fault("a.{id"), R"(has a "{" without its "}"; write {name})");
  EXPECT_EQ(fault("a}"), R"(has a "}" without its "{"; write {name} of a parameter of the path)");
  EXPECT_EQ(ParameterText::parse("{id}", {}).error().message, "the path has no {id}; it has no parameters");
}

// Regression: a proxy that hides /hooks was passed by with /%68ooks.
TEST(PathPattern, ALiteralIsNeverMatchedByAnEscape) {
  const auto pattern = PathPattern::parse("/hooks/{id}/end");
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->match("/hooks/a b/end", "/hooks/a%20b/end"));
  EXPECT_TRUE(pattern->match("/hooks/ab/end", "/hooks/%61b/end"));
  EXPECT_FALSE(pattern->match("/hooks/ab/end", "/%68ooks/ab/end"));
  EXPECT_FALSE(pattern->match("/hooks/ab/end", "/hooks/ab/%65nd"));
}

}  // namespace
}  // namespace carillon::http

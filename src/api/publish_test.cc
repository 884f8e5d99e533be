// The publish API's body, read: limits, duplicates, unknown members, raw bytes.
#include "api/publish.h"

#include <gtest/gtest.h>

namespace carillon::api {
namespace {

constexpr PublishLimits kSmall{.batch_max = 3, .event_bytes_max = 10};

// "N" events, or "status message".
std::string verdict_on(std::string_view body, PublishLimits limits = kSmall) {
  const auto events = read_publish_body(body, limits);
  if (events) return std::to_string(events->size());
  return std::to_string(events.error().status) + " " + events.error().message;
}

std::string event_with(std::string_view data) {
  return R"({"channel":"c","data":)" + std::string(data) + "}";
}
std::string batch_of(int many) {
  std::string body = "[";
  for (int i = 0; i < many; ++i) body += (i > 0 ? "," : "") + event_with("1");
  return body + "]";
}

TEST(PublishBody, OneEventAndAnArrayOfThemAreTaken) {
  EXPECT_EQ(verdict_on(event_with("{}")), "1");
  EXPECT_EQ(verdict_on(batch_of(1)), "1");
  EXPECT_EQ(verdict_on(" \n" + batch_of(2) + "\t"), "2");
  EXPECT_EQ(verdict_on(R"({"data":null,"channel":"c"})"), "1");
}

TEST(PublishBody, DataKeepsItsBytes) {
  for (const std::string data :
       {R"({ "b":1, "b" : 2 })", "12345678901234567890123456789012345678901234567890", "1e400",
        R"("\u0041\/")", "\"\xc3\xbc\"", "-0.0", "[ ]", "false"}) {
    const auto events = read_publish_body(event_with(data), {});
    ASSERT_TRUE(events.has_value()) << data << ": " << events.error().message;
    EXPECT_EQ(events->at(0).data, data);
    EXPECT_EQ(events->at(0).channel, "c");
  }
}

TEST(PublishBody, AChannelIsUnescaped) {
  const auto events = read_publish_body(R"({"channel":"a\u002eb*\"?","data":1})", {});
  ASSERT_TRUE(events.has_value());
  EXPECT_EQ(events->at(0).channel, "a.b*\"?");
}

TEST(PublishBody, ABatchIsTakenToItsLimitAndRefusedBeyond) {
  EXPECT_EQ(verdict_on(batch_of(2)), "2");
  EXPECT_EQ(verdict_on(batch_of(3)), "3");
  EXPECT_EQ(verdict_on(batch_of(4)), "413 more than 3 events in one request");
}

TEST(PublishBody, AnEventIsTakenToItsLimitAndRefusedBeyond) {
  EXPECT_EQ(verdict_on(event_with("\"1234567\"")), "1");   // 9 bytes
  EXPECT_EQ(verdict_on(event_with("\"12345678\"")), "1");  // 10
  EXPECT_EQ(verdict_on(event_with("\"123456789\"")), "413 \"data\" is over 10 bytes");
  EXPECT_EQ(verdict_on("[" + event_with("1") + "," + event_with("\"123456789\"") + "]"),
            "413 event 1: \"data\" is over 10 bytes");
}

TEST(PublishBody, AChannelIsTakenToItsLimitAndRefusedBeyond) {
  for (const std::size_t size : {254U, 255U, 256U}) {
    const std::string body = R"({"channel":")" + std::string(size, 'c') + R"(","data":1})";
    EXPECT_EQ(read_publish_body(body, {}).has_value(), size <= 255) << size;
  }
}

TEST(PublishBody, NestingIsBounded) {
  const auto nested = [](std::size_t depth) {
    return event_with(std::string(depth, '[') + std::string(depth, ']'));
  };
  EXPECT_EQ(verdict_on(nested(100), {}), "1");
  EXPECT_EQ(verdict_on(nested(1000), {}).substr(0, 3), "400");
  EXPECT_EQ(verdict_on(std::string(100'000, '['), {}).substr(0, 3), "400");
}

TEST(PublishBody, ABadEventIsRefusedWithItsNumber) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", "400 the body is not JSON"},
      {"{", "400 the body is not JSON"},
      {R"({"channel":"c","data":01})", "400 the body is not JSON"},
      {"{\"channel\":\"c\",\"data\":\"\xff\"}", "400 the body is not JSON"},
      {R"({"channel":"c","data":1} {})", "400 the body is not JSON"},
      {"1", "400 expected an object"},
      {"null", "400 expected an object"},
      {"[]", "400 no event in the array"},
      {"[1]", "400 event 0: expected an object"},
      {"[[]]", "400 event 0: expected an object"},
      {"{}", "400 \"channel\" is missing"},
      {R"({"channel":"c"})", "400 \"data\" is missing"},
      {R"({"data":1})", "400 \"channel\" is missing"},
      {R"({"channel":1,"data":1})", "400 \"channel\" must be a string"},
      {R"({"channel":null,"data":1})", "400 \"channel\" must be a string"},
      {R"({"channel":"","data":1})", "400 \"channel\""},
      {R"({"channel":"a\u0000b","data":1})", "400 \"channel\""},
      {R"({"channel":"a\r\nb","data":1})", "400 \"channel\""},
      {R"({"channel":"a\ud800","data":1})", "400 "},
      {R"({"channel":"c","data":1,"x":1})", "400 only \"channel\" and \"data\""},
      {R"({"Channel":"c","data":1})", "400 only \"channel\" and \"data\""},
      {R"({"channel":"c","channel":"c","data":1})", "400 a member is given twice"},
      {R"({"channel":"c","data":1,"data":1})", "400 a member is given twice"},
      {R"({"channel":"c","data":1,"d\u0061ta":1})", "400 a member is given twice"},
      {R"({"channel":"carillon.probe.x","data":1})",
       "400 \"channel\": a channel name must not begin with \"carillon.\""},
      {R"([{"channel":"c","data":1},{"channel":"c"}])", "400 event 1: \"data\" is missing"},
  };
  for (const auto& [body, wanted] : rows) {
    EXPECT_EQ(verdict_on(body).substr(0, wanted.size()), wanted) << body << " gave " << verdict_on(body);
  }
}

// server.body_bytes_max allowed 64 MiB, and the reader of JSON 16.
TEST(PublishBody, IsReadWhateverItsLegalSize) {
  const std::string data = '"' + std::string(17 * 1024 * 1024, 'x') + '"';
  const auto events = read_publish_body(R"({"channel":"c","data":)" + data + "}",
                                        {.batch_max = 1, .event_bytes_max = data.size()});
  ASSERT_TRUE(events.has_value()) << events.error().message;
  EXPECT_EQ(events->front().data.size(), data.size());
}

}  // namespace
}  // namespace carillon::api

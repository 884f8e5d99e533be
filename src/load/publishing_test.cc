#include "load/publishing.h"

#include <gtest/gtest.h>

namespace carillon::load {
namespace {

std::string request_of(const PublishProtocol& protocol, std::vector<OutgoingEvent> events) {
  std::string out;
  protocol.append_request(out, events);
  return out;
}

TEST(RedisProtocol, WritesPublishAsBulkStrings) {
  EXPECT_EQ(request_of(RedisProtocol(), {{"news.é", "{\"n\":1}"}}),
            "*3\r\n$7\r\nPUBLISH\r\n$7\r\nnews.é\r\n$7\r\n{\"n\":1}\r\n");
}

TEST(RedisProtocol, CountsAnswersWhereverTheyAreSplit) {
  const std::string bytes = ":1\r\n:0\r\n-NOAUTH Authentication required.\r\n:12\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    RedisProtocol protocol;
    std::uint64_t good = 0;
    std::uint64_t refused = 0;
    std::string refusal;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      const Answers answers = protocol.read_answers(std::string_view(bytes).substr(at, piece));
      good += answers.good;
      refused += answers.refused;
      refusal += answers.refusal;
      EXPECT_FALSE(answers.broken);
    }
    EXPECT_EQ(good, 3u);
    EXPECT_EQ(refused, 1u);
    EXPECT_EQ(refusal, "NOAUTH Authentication required.");
  }
}

TEST(RedisProtocol, AnythingElseIsBroken) {
  EXPECT_TRUE(RedisProtocol().read_answers("HTTP/1.1 400 Bad Request\r\n").broken);
  EXPECT_TRUE(RedisProtocol().read_answers(std::string(5000, ':')).broken);
}

TEST(ApiProtocol, SendsOneEventAsAnObject) {
  const ApiProtocol protocol("/v1/publish", "h:1", "key");
  EXPECT_EQ(request_of(protocol, {{"a", "{\"n\":1}"}}),
            "POST /v1/publish HTTP/1.1\r\nHost: h:1\r\nContent-Type: application/json\r\n"
            "Authorization: Bearer key\r\nContent-Length: 30\r\n\r\n{\"channel\":\"a\",\"data\":{\"n\":1}}");
}

TEST(ApiProtocol, SendsSeveralAsAnArray) {
  const ApiProtocol protocol("/v1/publish", "h:1", "");
  const std::string request = request_of(protocol, {{"a", "1"}, {"b", "2"}});
  EXPECT_TRUE(request.ends_with("\r\n\r\n[{\"channel\":\"a\",\"data\":1},{\"channel\":\"b\",\"data\":2}]"))
      << request;
  EXPECT_EQ(request.find("Authorization"), std::string::npos);
}

TEST(PostProtocol, FillsInTargetAndBody) {
  const std::vector<std::string> headers{"X-Key: k", "content-type: text/plain"};
  const PostProtocol protocol("/pub?id=$channel", "h:1", headers, "c=$channel&d=$data");
  EXPECT_EQ(request_of(protocol, {{"a", "{}"}}),
            "POST /pub?id=a HTTP/1.1\r\nHost: h:1\r\nX-Key: k\r\ncontent-type: text/plain\r\n"
            "Content-Length: 8\r\n\r\nc=a&d={}");
}

TEST(PostProtocol, IsJsonUnlessSaidOtherwise) {
  const PostProtocol protocol("/", "h:1", {}, "$data");
  EXPECT_NE(request_of(protocol, {{"a", "{}"}}).find("Content-Type: application/json\r\n"),
            std::string::npos);
}

TEST(HttpProtocol, TellsTheStatusOfARefusal) {
  PostProtocol protocol("/", "h:1", {}, "$data");
  const Answers answers = protocol.read_answers("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(answers.refused, 1u);
  EXPECT_EQ(answers.refusal, "HTTP status 401");
}

}  // namespace
}  // namespace carillon::load

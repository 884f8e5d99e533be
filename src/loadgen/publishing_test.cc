#include "loadgen/publishing.h"

#include <gtest/gtest.h>

namespace carillon::loadgen {
namespace {

std::string request_of(auto&& protocol, std::vector<OutgoingEvent> events) {
  std::string out;
  protocol.append_request(out, events);
  return out;
}

// Returns all answers together, with the bytes passed in `piece` at a time.
Answers answers_in_pieces(PublishProtocol& protocol, std::string_view bytes, std::size_t piece) {
  Answers all;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const Answers answers = protocol.read_answers(bytes.substr(at, piece));
    all.good += answers.good;
    all.refused += answers.refused;
    all.refusal += answers.refusal;
    all.broken = all.broken || answers.broken;
  }
  return all;
}

TEST(RedisProtocol, WritesPublishAsBulkStrings) {
  EXPECT_EQ(request_of(RedisProtocol(), {{"news.é", "{\"n\":1}"}}),
            "*3\r\n$7\r\nPUBLISH\r\n$7\r\nnews.é\r\n$7\r\n{\"n\":1}\r\n");
}

TEST(RedisProtocol, CountsAnswersWhereverTheyAreSplit) {
  const std::string bytes = ":1\r\n:0\r\n-NOAUTH Authentication required.\r\n:12\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    RedisProtocol protocol;
    const Answers answers = answers_in_pieces(protocol, bytes, piece);
    EXPECT_FALSE(answers.broken);
    EXPECT_EQ(answers.good, 3u);
    EXPECT_EQ(answers.refused, 1u);
    EXPECT_EQ(answers.refusal, "NOAUTH Authentication required.");
  }
}

TEST(RedisProtocol, AnythingElseIsBroken) {
  EXPECT_TRUE(RedisProtocol().read_answers("HTTP/1.1 400 Bad Request\r\n").broken);
  EXPECT_TRUE(RedisProtocol().read_answers(std::string(5000, ':')).broken);
}

TEST(NatsProtocol, ConnectsOnceAndSendsAPingWithEachEvent) {
  NatsProtocol protocol;
  const std::string first = request_of(protocol, {{"news.a", "{\"n\":1}"}});
  EXPECT_TRUE(first.starts_with("CONNECT {\"verbose\":false,")) << first;
  EXPECT_TRUE(first.ends_with("}\r\nPUB news.a 7\r\n{\"n\":1}\r\nPING\r\n")) << first;
  EXPECT_EQ(request_of(protocol, {{"é", "\"é\""}}), "PUB é 4\r\n\"é\"\r\nPING\r\n");
  protocol.reset();
  EXPECT_EQ(request_of(protocol, {{"news.a", "{\"n\":1}"}}), first) << "the connection is new";
}

TEST(NatsProtocol, CountsAnswersWhereverTheyAreSplit) {
  const std::string bytes =
      "INFO {\"server_id\":\"a\"} \r\nPONG\r\nPING\r\n+OK\r\nPONG\r\n"
      "-ERR 'Permissions Violation for Publish to \"a\"'\r\nPONG\r\nPONG\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    NatsProtocol protocol;
    const Answers answers = answers_in_pieces(protocol, bytes, piece);
    EXPECT_FALSE(answers.broken);
    EXPECT_EQ(answers.good, 3u);
    EXPECT_EQ(answers.refused, 1u);
    EXPECT_EQ(answers.refusal, "'Permissions Violation for Publish to \"a\"'");
    const std::string next = request_of(protocol, {{"a", "1"}});
    EXPECT_TRUE(next.ends_with("}\r\nPONG\r\nPUB a 1\r\n1\r\nPING\r\n")) << next;
    EXPECT_EQ(request_of(protocol, {{"a", "1"}}), "PUB a 1\r\n1\r\nPING\r\n");
  }
}

TEST(NatsProtocol, AnythingElseIsBroken) {
  EXPECT_TRUE(NatsProtocol().read_answers("HTTP/1.1 400 Bad Request\r\n").broken);
  EXPECT_TRUE(NatsProtocol().read_answers(std::string(5000, 'x')).broken);
}

TEST(ApiProtocol, SendsOneEventAsAnObject) {
  EXPECT_EQ(request_of(ApiProtocol("/v1/publish", "h:1", "key"), {{"a", "{\"n\":1}"}}),
            "POST /v1/publish HTTP/1.1\r\nHost: h:1\r\nContent-Type: application/json\r\n"
            "Authorization: Bearer key\r\nContent-Length: 30\r\n\r\n{\"channel\":\"a\",\"data\":{\"n\":1}}");
}

TEST(ApiProtocol, SendsSeveralAsAnArray) {
  const std::string request = request_of(ApiProtocol("/v1/publish", "h:1", ""), {{"a", "1"}, {"b", "2"}});
  EXPECT_TRUE(request.ends_with("\r\n\r\n[{\"channel\":\"a\",\"data\":1},{\"channel\":\"b\",\"data\":2}]"))
      << request;
  EXPECT_EQ(request.find("Authorization"), std::string::npos);
}

TEST(PostProtocol, FillsInTargetAndBody) {
  const std::vector<std::string> headers{"X-Key: k", "content-type: text/plain"};
  EXPECT_EQ(request_of(PostProtocol("/pub?id=$channel", "h:1", headers, "c=$channel&d=$data"), {{"a", "{}"}}),
            "POST /pub?id=a HTTP/1.1\r\nHost: h:1\r\nX-Key: k\r\ncontent-type: text/plain\r\n"
            "Content-Length: 8\r\n\r\nc=a&d={}");
}

TEST(PostProtocol, IsJsonByDefault) {
  EXPECT_NE(request_of(PostProtocol("/", "h:1", {}, "$data"), {{"a", "{}"}})
                .find("Content-Type: application/json\r\n"),
            std::string::npos);
}

TEST(HttpProtocol, ReportsTheStatusOfARefusal) {
  PostProtocol protocol("/", "h:1", {}, "$data");
  const Answers answers = protocol.read_answers("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(answers.refused, 1u);
  EXPECT_EQ(answers.refusal, "HTTP status 401");
}

}  // namespace
}  // namespace carillon::loadgen

// CORS: which pages may read a stream, and what a preflight is answered.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/testing/stream_requests.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kTwoOrigins =
    kStreaming + "origins = [\"https://a.example\", \"https://b.example\", \"none\"]\n";

TEST(Cors, OnlyTheOriginOfTheRequestMayReadTheStream) {
  ShardStage stage(kTwoOrigins);
  const std::string head = stage.ask(sse_of_alice("Origin: https://a.example\r\n")).head;
  EXPECT_THAT(head, HasSubstr("Access-Control-Allow-Origin: https://a.example\r\n"));
  EXPECT_THAT(head, HasSubstr("Vary: Origin\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Allow-Credentials")));
  const std::string own = stage.ask(sse_of_alice()).head;
  EXPECT_THAT(own, HasSubstr("Vary: Origin\r\n"));
  EXPECT_THAT(own, Not(HasSubstr("Access-Control")));
}

TEST(Cors, APageMayReadWhyItsRequestWasRefused) {
  ShardStage stage(kTwoOrigins);
  const std::string head = stage.ask(sse_request("/ws", "Origin: https://a.example\r\n")).head;
  EXPECT_THAT(head, HasSubstr("HTTP/1.1 401 "));
  EXPECT_THAT(head, HasSubstr("Access-Control-Allow-Origin: https://a.example\r\n"));
  const std::string other = stage.ask(sse_of_alice("Origin: https://c.example\r\n")).head;
  EXPECT_THAT(other, HasSubstr("HTTP/1.1 403 "));
  EXPECT_THAT(other, Not(HasSubstr("Access-Control")));
}

TEST(Cors, CredentialsAreForListedOriginsWhereTheyAreOn) {
  ShardStage stage(kTwoOrigins + "cors.credentials = \"on\"\n");
  const std::string head = stage.ask(sse_of_alice("Origin: https://b.example\r\n")).head;
  EXPECT_THAT(head, HasSubstr("Access-Control-Allow-Origin: https://b.example\r\n"));
  EXPECT_THAT(head, HasSubstr("Access-Control-Allow-Credentials: true\r\n"));
  EXPECT_THAT(stage.ask(sse_of_alice()).head, Not(HasSubstr("Access-Control")));
}

std::string preflight(std::string_view origin, std::string_view more = {}) {
  return "OPTIONS /ws HTTP/1.1\r\nHost: x\r\nOrigin: " + std::string(origin) +
         "\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n" +
         std::string(more) + "\r\n";
}

TEST(Cors, APreflightIsAnsweredAndTheConnectionStays) {
  ShardStage stage(kTwoOrigins);
  const Answer answer = stage.ask(preflight("https://a.example"));
  EXPECT_THAT(answer.head, HasSubstr("HTTP/1.1 204 "));
  EXPECT_THAT(answer.head, HasSubstr("Access-Control-Allow-Origin: https://a.example\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("Access-Control-Allow-Methods: GET\r\n"));
  EXPECT_THAT(answer.head,
              HasSubstr("Access-Control-Allow-Headers: Authorization, Last-Event-ID, Cache-Control\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("Access-Control-Max-Age: 7200\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("Connection: keep-alive\r\n"));
  stage.send(stage.last_fd, sse_of_alice("Origin: https://a.example\r\n"));
  EXPECT_THAT(stage.take_received(stage.last_fd), HasSubstr("HTTP/1.1 200 OK"));
  EXPECT_EQ(stage.all_refusals(), 0U);
}

TEST(Cors, APreflightOfAnotherOriginIsRefused) {
  ShardStage stage(kTwoOrigins);
  const Answer answer = stage.ask(preflight("https://c.example"));
  EXPECT_EQ(status_and_body(answer), R"(403 {"message":"origin not allowed"})");
  EXPECT_THAT(answer.head, Not(HasSubstr("Access-Control")));
  EXPECT_THAT(stage.ask(preflight("https://a.example", "Origin: https://b.example\r\n")).head,
              HasSubstr("HTTP/1.1 403 "));
  EXPECT_EQ(stage.refusals(RefusalReason::origin), 2U);
}

}  // namespace
}  // namespace carillon::gateway::testing

#include "http/response.h"

#include <gtest/gtest.h>

#include <string>

namespace carillon::http {
namespace {

using std::string_literals::operator""s;

std::string text_of(const Response& response, BodyOut body = BodyOut::send) {
  std::string out;
  append_response(out, response, "", body);
  return out;
}

TEST(Response, WritesStatusHeadersAndBody) {
  Response response;
  response.headers = {{"Retry-After", "1"}};
  response.body = "{}";
  EXPECT_EQ(text_of(response),
            "HTTP/1.1 200 OK\r\nRetry-After: 1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
            "Connection: keep-alive\r\n\r\n{}");
}

TEST(Response, AnswersHeadWithTheLengthAlone_Rfc9110_9_3_2) {
  Response response;
  response.body = "{}";
  response.keep_alive = KeepAlive::close;
  EXPECT_EQ(
      text_of(response, BodyOut::omit),
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n");
}

// Regression: no answer had a Date.
TEST(Response, CarriesTheDateOnce_Rfc9110_6_6_1) {
  Response response;
  response.headers = {{"Date", "yesterday"}};
  std::string out;
  append_response(out, response, "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n"
            "Connection: keep-alive\r\n\r\n");
}

TEST(Response, AnEmptyBodyHasALengthAndNoType) {
  Response response;
  response.status = 202;
  EXPECT_EQ(text_of(response),
            "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

TEST(Response, ANoContentHasNoLengthAndNoBody_Rfc9110_8_6) {
  Response response;
  response.status = 204;
  response.body = "never sent";
  EXPECT_EQ(text_of(response), "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
}

TEST(Response, CannotBeSplitFromOutside) {
  Response response;
  response.headers = {{"X", "a\r\nSet-Cookie: b"},
                      {"X", "a\nb"},
                      {"X", "a\0b"s},
                      {"X\r\nY", "a"},
                      {"X Y", "a"},
                      {"", "a"},
                      {"X:", "a"},
                      {"Content-Length", "9"},
                      {"connection", "upgrade"},
                      {"Good", "a\tb~"},
                      {"X", "\x7F"}};
  EXPECT_EQ(text_of(response),
            "HTTP/1.1 200 OK\r\nGood: a\tb~\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
  response.headers.clear();
  response.body = "x";
  response.content_type = "text/plain\r\nX: y";
  EXPECT_EQ(text_of(response).find("X: y"), std::string::npos);
}

TEST(Response, AnErrorIsJsonAndCloses) {
  const Response response = error_response(404, "no such path");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, R"({"message":"no such path"})");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.keep_alive, KeepAlive::close);
  EXPECT_EQ(error_response(400, "a\"b\\\n\x01\xC3\xA9").body,
            "{\"message\":\"a\\\"b\\\\\\u000a\\u0001\xC3\xA9\"}");
  EXPECT_EQ(error_response(400, "a\xFFz").body, R"({"message":"a?z"})");
  EXPECT_EQ(error_response(Fault{414, "too long"}).status, 414);
}

TEST(Response, AnUpgradeRefusalNamesTheVersion_Rfc6455_4_4) {
  EXPECT_EQ(text_of(upgrade_refusal(UpgradeFault::bad_version)),
            "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n"
            "Content-Type: application/json\r\nContent-Length: 46\r\nConnection: Upgrade, close\r\n\r\n"
            R"({"message":"Sec-WebSocket-Version must be 13"})");
  EXPECT_NE(text_of(upgrade_refusal(UpgradeFault::bad_key))
                .find("400 Bad Request\r\nSec-WebSocket-Version: 13\r\n"),
            std::string::npos);
  EXPECT_NE(text_of(upgrade_refusal(UpgradeFault::not_get)).find("405 Method Not Allowed\r\nAllow: GET\r\n"),
            std::string::npos);
}

TEST(Response, SwitchesProtocols_Rfc6455_4_2_2) {
  std::string out;
  append_switching_protocols(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(out,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
  out.clear();
  append_switching_protocols(out, "k", "permessage-deflate; server_no_context_takeover", "v1");
  EXPECT_NE(out.find("\r\nSec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n"
                     "Sec-WebSocket-Protocol: v1\r\n\r\n"),
            std::string::npos);
  out.clear();
  append_switching_protocols(out, "k", "", "a\r\nX: y");
  EXPECT_EQ(out.find("X: y"), std::string::npos);
}

TEST(Response, EveryStatusThatWeUseHasAPhrase) {
  for (const int status :
       {101, 200, 202, 400, 401, 403, 404, 405, 408, 413, 414, 415, 426, 429, 431, 500, 501, 503, 505}) {
    EXPECT_NE(reason_phrase(status), "Unknown") << status;
  }
  EXPECT_EQ(reason_phrase(299), "Unknown");
}

}  // namespace
}  // namespace carillon::http

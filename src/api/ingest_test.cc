// Ingest routes: what a request becomes, byte for byte, and what is wrong with one that becomes nothing.
#include "api/ingest.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "api/test_routes.h"

namespace carillon::api {
namespace {

struct Outcome {
  int status = 0;  // 0: it became an event
  std::string message;
  std::string channel;
  std::string event;
  std::string answer;
};

class IngestTest : public ::testing::Test {
 protected:
  Outcome post(std::string_view path, std::string_view body) { return send("POST", path, body); }
  Outcome send(std::string_view method, std::string_view path, std::string_view body) {
    const auto found = routes_.find(method, path, path);
    if (!found || !found->route) return {404, "", "", "", ""};
    const auto made = ingest(*found->route, found->parameters, body, {event_bytes_max_, kNow, random_});
    if (!made) return {made.error().status, made.error().message, "", "", ""};
    return {0, "", made->channel, made->event, made->answer};
  }

  Routes routes_ = *Routes::compile(settings_of(std::string(kStreamRoutes) + std::string(kOwnRoutes)));
  RandomBytes random_ = sevens;
  std::size_t event_bytes_max_ = 1024 * 1024;
};

TEST_F(IngestTest, ACreatedStreamGetsAFreshIdFirst) {
  const std::string id(kUuid);
  const Outcome made = post("/api/streams", R"({"name":"a"})");
  EXPECT_EQ(made.channel, "fluxora.streams");
  EXPECT_EQ(made.event, R"({"event":"stream.created","streamId":")" + id + R"(","payload":{"id":")" + id +
                            R"(","name":"a"},"timestamp":"2026-01-01T00:00:00.123Z"})");
  EXPECT_EQ(made.answer, R"({"id":")" + id + R"(","name":"a"})");
  for (const char* body : {"", "{}", "{ }"}) {
    const std::string rest = std::string(body) == "{ }" ? " }" : "}";
    EXPECT_EQ(post("/api/streams", body).answer, R"({"id":")" + id + "\"" + rest) << body;
  }
  EXPECT_EQ(post("/api/streams", " \r\n{ \"a\" : 1 }\t").answer, R"({"id":")" + id + R"(", "a" : 1 })");
}

TEST_F(IngestTest, AnIdThatIsThereStays) {
  const auto streams = [&](std::string_view body) { return post("/api/streams", body); };
  EXPECT_EQ(streams(R"({"name":"a","id":"s-1"})").answer, R"({"name":"a","id":"s-1"})");
  EXPECT_EQ(
      streams(R"({"id":17})").event,
      R"({"event":"stream.created","streamId":17,"payload":{"id":17},"timestamp":"2026-01-01T00:00:00.123Z"})");
  EXPECT_EQ(streams(R"({"\u0069d":null})").answer, R"({"\u0069d":null})");
  EXPECT_NE(streams(R"({"id":1,"id":2})").event.find(R"("streamId":2,"payload":{"id":1,"id":2})"),
            std::string::npos);
  // One deeper is not its own.
  EXPECT_EQ(streams(R"({"a":{"id":1}})").answer, R"({"id":")" + std::string(kUuid) + R"(","a":{"id":1}})");
}

TEST_F(IngestTest, UpdatesAndCancelsTakeTheIdOfThePath) {
  const std::string tail = R"(,"timestamp":"2026-01-01T00:00:00.123Z"})";
  for (const char* method : {"PATCH", "PUT"}) {
    EXPECT_EQ(send(method, "/api/streams/s-1", R"({"rate":2})").event,
              R"({"event":"stream.updated","streamId":"s-1","payload":{"id":"s-1","rate":2})" + tail);
  }
  const std::string cancelled =
      R"({"event":"stream.cancelled","streamId":"s-1","payload":{"id":"s-1"})" + tail;
  EXPECT_EQ(send("DELETE", "/api/streams/s-1", "").event, cancelled);
  EXPECT_EQ(post("/api/streams/s-1/cancel", "{}").event, cancelled);
  EXPECT_EQ(post("/api/streams/s-1/cancel", "").answer, R"({"id":"s-1"})");
  // Any id is accepted, and escaped.
  EXPECT_EQ(send("DELETE", "/api/streams/a\"\\b\xc3\xbc", "").answer, "{\"id\":\"a\\\"\\\\b\xc3\xbc\"}");
  EXPECT_EQ(send("PATCH", "/api/streams/s-1", R"({"id":"other"})").event,
            R"({"event":"stream.updated","streamId":"other","payload":{"id":"other"})" + tail);
}

TEST_F(IngestTest, ATrackStartIsRelayedAsItIs) {
  const std::string bodies[] = {R"({"title":"T"})", "[1]", "null", "\"x\"", "1e400"};
  for (const std::string& body : bodies) {
    const Outcome made = post("/api/v1/webhooks/track-start", " " + body + "\n");
    EXPECT_EQ(made.channel, "grimnir.now_playing");
    EXPECT_EQ(made.event, body);
    EXPECT_EQ(made.answer, R"({"status":"received"})");
  }
  EXPECT_EQ(post("/api/v1/webhooks/track-start", "").status, 400);
}

TEST_F(IngestTest, BodiesKeepTheirBytes) {
  for (const std::string body :
       {R"({ "b":1, "b" : 2 })", R"({"n":12345678901234567890123456789012345678901234567890.50e+0})",
        R"({"s":"\u0041\/\ud800"})", "{\"s\":\"\xc3\xbc\"}", "{\"a\":[ ],\t\"z\":-0.0}"}) {
    const Outcome made = post("/t/acme/order", body);
    EXPECT_NE(made.event.find("\"body\":" + body + ","), std::string::npos) << made.event << made.message;
    EXPECT_EQ(made.answer, "{}");
    EXPECT_EQ(send("PATCH", "/api/streams/1", body).answer, R"({"id":"1",)" + body.substr(1));
  }
}

TEST_F(IngestTest, PathParametersStandInChannelAndTemplates) {
  const Outcome made = post("/t/acme/big \"one\"", R"({"kind":"k","id":5})");
  EXPECT_EQ(made.channel, "tenant.acme");
  EXPECT_EQ(made.event,
            R"({"tenant":"acme","thing":"big \"one\"","body":{"kind":"k","id":5},"id":5,"kind":"k",)"
            R"("at":"2026-01-01T00:00:00Z"})");
  EXPECT_NE(post("/t/acme/x", "").event.find(R"("id":null,"kind":null)"), std::string::npos);
}

TEST_F(IngestTest, APathThatMakesNoChannelIsRefused) {
  EXPECT_EQ(post("/a*?b/raw", "{}").channel, "a*?b");
  EXPECT_EQ(post("/carillon.probe.x/raw", "{}").message,
            "a channel name must not begin with \"carillon.\": those channels are reserved");
  for (const std::size_t size : {254U, 255U, 256U}) {
    EXPECT_EQ(post("/" + std::string(size, 'c') + "/raw", "{}").status, size <= 255 ? 0 : 400) << size;
  }
  EXPECT_EQ(post("/a\xc2\x85/raw", "{}").message,
            "the path makes no channel: a channel name must not hold control characters");
}

TEST_F(IngestTest, ABadBodyIsRefusedWithItsReason) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"{", "the body is not JSON: at byte 1: "},
      {" ", "the body is not JSON: at byte 1: "},
      {R"({"a":01})", "the body is not JSON: at byte 6: "},
      {R"({"a":1} {})", "the body is not JSON: at byte 8: "},
      {"{\"a\":\"\xff\"}", "the body is not JSON: at byte 6: "},
      {"{a:1}", "the body is not JSON: at byte 1: "},
      {"[]", "the body must be a JSON object, not array"},
      {"null", "the body must be a JSON object, not null"},
      {"\"x\"", "the body must be a JSON object, not string"},
      {"1", "the body must be a JSON object, not number"},
  };
  for (const auto& [body, message] : rows) {
    const Outcome made = post("/api/streams", body);
    EXPECT_EQ(made.status, 400) << body;
    EXPECT_EQ(made.message.substr(0, message.size()), message) << body;
  }
}

TEST_F(IngestTest, AnEventIsTakenToItsLimitAndRefusedBeyond) {
  event_bytes_max_ = 10;
  for (const std::size_t size : {9U, 10U, 11U}) {
    const Outcome made = post("/api/v1/webhooks/track-start", "\"" + std::string(size - 2, 'x') + "\"");
    EXPECT_EQ(made.status, size <= 10 ? 0 : 413) << size;
    EXPECT_EQ(made.message, size <= 10 ? "" : "the event would have more than 10 bytes");
  }
}

TEST_F(IngestTest, AnAnswerIsTakenTo64KibOrTheLimitOfEventsAndRefusedBeyond) {
  routes_ = *Routes::compile(settings_of(
      "[[route]]\npath = \"/r\"\nchannel = \"c\"\nbody = \"any\"\nevent = '1'\nanswer = '$body'\n"));
  for (const std::size_t limit : {std::size_t{10}, std::size_t{70'000}}) {
    event_bytes_max_ = limit;
    const std::size_t most = std::max<std::size_t>(limit, 65'536);
    for (const std::size_t size : {most - 1, most, most + 1}) {
      const Outcome made = post("/r", "\"" + std::string(size - 2, 'x') + "\"");
      EXPECT_EQ(made.status, size <= most ? 0 : 413) << size;
      EXPECT_EQ(made.message,
                size <= most ? "" : "the answer would have more than " + std::to_string(most) + " bytes");
    }
  }
}

// The router refuses what is nested deeper than 128: an event that would be dropped is not acknowledged.
TEST_F(IngestTest, NestingIsTakenToItsLimitWithTheTemplateAroundIt) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  for (const std::size_t depth : {127U, 128U, 129U}) {
    EXPECT_EQ(post("/api/v1/webhooks/track-start", nested(depth)).status, depth <= 128 ? 0 : 400) << depth;
  }
  for (const std::size_t depth : {125U, 126U, 127U}) {  // the body's object and the event's around it
    EXPECT_EQ(post("/api/streams", R"({"a":)" + nested(depth) + "}").status, depth <= 126 ? 0 : 400) << depth;
  }
  EXPECT_EQ(post("/api/streams", std::string(100'000, '[')).status, 400);
}

TEST_F(IngestTest, WithoutRandomnessThereIsNoIdAndNoEvent) {
  random_ = [](auto) { return false; };
  EXPECT_EQ(post("/api/streams", "{}").status, 503);
  EXPECT_EQ(post("/api/streams", R"({"id":1})").status, 0);
}

}  // namespace
}  // namespace carillon::api

// Event streams (Server-Sent Events, NDJSON) on fake time and fake sockets: requests, responses, admission.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/testing/stream_requests.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// --- the response -------------------------------------------------------------------------------

TEST(EventStream, TheResponseHasNoLengthAndEndsWithTheConnection) {
  ShardStage stage(kStreaming);
  const Answer answer = stage.ask(sse_of_alice());
  EXPECT_EQ(answer.head,
            "HTTP/1.1 200 OK\r\nDate: " + answer.head.substr(23, 29) +
                "\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\nAccess-Control-Allow-Origin: *\r\n"
                "Content-Type: text/event-stream\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(answer.body, kOpening);
  stage.publish("orion.a", R"({"n":1})");
  EXPECT_EQ(stage.take_received(stage.last_fd), "data: {\"c\":\"orion.a\",\"b\":{\"n\":1}}\n\n");
  stage.end(stage.last_fd);
  EXPECT_EQ(stage.closes(CloseReason::client_gone, kSseEndpoint), 1U);
  stage.expect_nothing_left();
}

TEST(EventStream, OfNdjsonIsOneLineForEachEvent) {
  ShardStage stage(kStreaming);
  const Answer answer = stage.ask(ndjson_request(with_token()));
  EXPECT_THAT(answer.head, HasSubstr("Content-Type: application/x-ndjson\r\n"));
  EXPECT_EQ(answer.body, "");
  stage.publish("orion.a", "{\n\"n\":1}");
  stage.publish("orion.b", "2");
  EXPECT_EQ(stage.take_received(stage.last_fd),
            "{\"c\":\"orion.a\",\"b\":{ \"n\":1}}\n{\"c\":\"orion.b\",\"b\":2}\n");
  EXPECT_EQ(stage.open_connections(kNdjsonEndpoint), 1U);
}

TEST(EventStream, AClientOfEachTransportReceivesTheSameEvents) {
  ShardStage stage(kStreaming);
  const int websocket = stage.open(upgrade_of(with_token()));
  const int sse = open_stream(stage, sse_of_alice());
  const int ndjson = open_stream(stage, ndjson_request(with_token()));
  for (const char* body : {"1", "2"}) stage.publish("orion.a", body);
  const std::string first = R"({"c":"orion.a","b":1})";
  const std::string second = R"({"c":"orion.a","b":2})";
  EXPECT_THAT(stage.take_frames(websocket), ElementsAre("text " + first, "text " + second));
  EXPECT_EQ(stage.take_received(sse), "data: " + first + "\n\ndata: " + second + "\n\n");
  EXPECT_EQ(stage.take_received(ndjson), first + "\n" + second + "\n");
  EXPECT_EQ(stage.router.counters().endpoints[0].routed.get(), 2U) << "once for all transports";
}

TEST(EventStream, IsSentToClientsOfHttp10AsWell) {
  ShardStage stage(kStreaming);
  const Answer answer = stage.ask("GET " + with_token() + " HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n");
  EXPECT_THAT(answer.head, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(answer.body, kOpening);
}

TEST(EventStream, WithoutAClientNothingIsEncodedForIt) {
  ShardStage stage(kStreaming);
  stage.publish("orion.a", "1");
  const std::uint64_t before = stage.frame_memory.bytes();
  const int fd = open_stream(stage, sse_of_alice());
  stage.publish("orion.a", "2");
  EXPECT_GT(stage.frame_memory.bytes(), before) << "a block of its own";
  stage.end(fd);
  EXPECT_FALSE(stage.admission.has_recipients(stage.endpoints[kSseEndpoint]));
}

TEST(EventStream, TheFirstMessageOfTheProfileFollowsTheHead) {
  ShardStage stage(kStreaming + "frames.open = '{\"who\":$subject}'\n");
  EXPECT_EQ(stage.ask(sse_of_alice()).body, std::string(kOpening) + "data: {\"who\":\"alice\"}\n\n");
  EXPECT_EQ(stage.ask(ndjson_request(with_token())).body, "{\"who\":\"alice\"}\n");
}

TEST(EventStream, AnEndpointWithoutTransportsAnswersAsBefore) {
  ShardStage stage;
  ShardStage plain;
  EXPECT_EQ(status_and_body(stage.ask(sse_of_alice())),
            status_and_body(plain.ask(get(with_token(), "Host: x\r\n"))));
  EXPECT_THAT(stage.ask(sse_of_alice()).head, HasSubstr("HTTP/1.1 426"));
  EXPECT_THAT(stage.ask("OPTIONS /ws HTTP/1.1\r\nHost: x\r\n\r\n").head, HasSubstr("Allow: GET\r\n"));
}

TEST(EventStream, OtherMethodsAreRefused) {
  ShardStage stage(kStreaming);
  for (const char* method : {"HEAD", "POST", "DELETE"}) {
    const Answer answer = stage.ask(method + (" " + with_token()) +
                                    " HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n");
    EXPECT_THAT(answer.head, HasSubstr("HTTP/1.1 405 ")) << method;
    EXPECT_THAT(answer.head, HasSubstr("Allow: GET, OPTIONS\r\n")) << method;
    EXPECT_EQ(answer.body.empty(), method == std::string("HEAD"));
  }
  EXPECT_EQ(stage.refusals(RefusalReason::method_not_allowed), 3U);
}

TEST(EventStream, ARequestWithABodyOrAnUpgradeWithoutWebSocketsIsRefused) {
  ShardStage stage(std::string(kOrion) + "transports = [\"sse\"]\n");
  EXPECT_EQ(status_and_body(stage.ask(sse_of_alice("Content-Length: 3\r\n") + "abc")),
            R"(400 {"message":"a request for a stream has no body"})");
  EXPECT_EQ(status_and_body(stage.ask(upgrade_of(with_token()))),
            R"(400 {"message":"this endpoint has no WebSockets"})");
  open_stream(stage, sse_of_alice("Content-Length: 0\r\n"));
  open_stream(stage, get(with_token(), "Host: x\r\n"));
}

// --- admission ----------------------------------------------------------------------------------

TEST(EventStreamAdmission, RefusesAsAnUpgradeDoes) {
  ShardStage stage(kStreaming + "origins = [\"https://a.example\", \"none\"]\n");
  EXPECT_EQ(status_and_body(stage.ask(sse_request("/ws"))), R"(401 {"message":"missing token"})");
  EXPECT_EQ(status_and_body(stage.ask(sse_request("/ws?token=x"))), R"(401 {"message":"invalid token"})");
  EXPECT_EQ(status_and_body(stage.ask(sse_of_alice("Origin: https://b.example\r\n"))),
            R"(403 {"message":"origin not allowed"})");
  stage.admission.begin_drain();
  EXPECT_EQ(status_and_body(stage.ask(sse_of_alice())), R"(503 {"message":"shutting down"})");
  EXPECT_EQ(stage.shard->counters().endpoints[kSseEndpoint].refusals[RefusalReason::draining].get(), 1U);
  EXPECT_EQ(stage.all_refusals(), 4U);
  EXPECT_EQ(stage.open_connections(kSseEndpoint), 0U);
  EXPECT_FALSE(stage.admission.has_recipients(stage.endpoints[kSseEndpoint]));
}

TEST(EventStreamAdmission, NearTheMemoryLimitNoStreamIsOpened) {
  ShardStage stage(kStreaming);
  stage.admission.set_memory(MemoryLevel::refusing);
  EXPECT_THAT(stage.ask(sse_of_alice()).head, HasSubstr("HTTP/1.1 503 "));
}

// The limits of an endpoint are for all its transports together.
TEST(EventStreamAdmission, ConnectionsOfAllTransportsCountTogether) {
  ShardStage stage(kStreaming + "limits.connections = 3\n");
  const int websocket = stage.open(upgrade_of(with_token()));
  open_stream(stage, sse_of_alice());
  open_stream(stage, ndjson_request(with_token()));
  EXPECT_THAT(stage.ask(sse_of_alice()).head, HasSubstr("HTTP/1.1 503 "));
  EXPECT_THAT(stage.ask(upgrade_of(with_token())).head, HasSubstr("HTTP/1.1 503 "));
  stage.end(websocket);
  open_stream(stage, sse_of_alice());
  EXPECT_EQ(stage.admission.connections_of(stage.endpoints[kSseEndpoint]), 3U);
}

TEST(EventStreamAdmission, UsersAddressesAndAcceptsCountForAllTransports) {
  ShardStage users(kStreaming + "limits.connections_per_user = 2\n");
  users.open(upgrade_of(with_token()));
  open_stream(users, sse_of_alice());
  EXPECT_THAT(users.ask(sse_of_alice()).head, HasSubstr("HTTP/1.1 429 "));

  ShardStage addresses(kStreaming + "limits.connections_per_ip = 2\n");
  addresses.open(upgrade_of(with_token()));
  const int fd = open_stream(addresses, sse_of_alice());
  EXPECT_THAT(addresses.ask(ndjson_request(with_token())).head, HasSubstr("HTTP/1.1 503 "));
  addresses.end(fd);
  open_stream(addresses, ndjson_request(with_token()));

  ShardStage accepts(kStreaming + "limits.accepts_per_ip = 2\n");
  accepts.open(upgrade_of(with_token()));
  open_stream(accepts, sse_of_alice());
  EXPECT_THAT(accepts.ask(sse_of_alice()).head, HasSubstr("HTTP/1.1 429 "));
  EXPECT_EQ(accepts.refusals(RefusalReason::accept_rate), 1U);
}

const std::string kByQuery = kStreaming + "select.by = \"query:types\"\n";

TEST(EventStreamAdmission, AStreamSelectsWithItsQuery) {
  ShardStage stage(kByQuery);
  const int some = open_stream(stage, sse_request(with_token("&types=a,b")));
  const int all = open_stream(stage, sse_request(with_token()));
  for (const char* channel : {"orion.a", "orion.c"}) stage.publish(channel, "1");
  EXPECT_EQ(stage.take_received(some), "data: {\"c\":\"orion.a\",\"b\":1}\n\n");
  EXPECT_THAT(stage.take_received(all), HasSubstr("orion.c"));
  EXPECT_THAT(stage.ask(sse_request(with_token("&types=%"))).head, HasSubstr("HTTP/1.1 400 "));
}

// --- channels of an endpoint with commands ------------------------------------------------------

const std::string kByCommands =
    kStreaming +
    "select.by = \"commands\"\nselect.streams = \"query:channels\"\ninbound.rate.messages = 9\n"
    "commands.name = \"/op\"\ncommands.subscribe = { is = \"sub\", channel = \"/ch\" }\n";

TEST(EventStreamChannels, AreListedInTheQuery) {
  ShardStage stage(kByCommands + "source.broadcast = [\"all.*\"]\n");
  const int two = open_stream(stage, sse_request(with_token("&channels=a,,a,%20b")));
  const int none = open_stream(stage, sse_request(with_token()));
  for (const char* channel : {"orion.a", "orion.b", "orion.c", "all.x"}) stage.publish(channel, "1");
  EXPECT_EQ(stage.take_received(two),
            "data: {\"c\":\"orion.a\",\"b\":1}\n\ndata: {\"c\":\"orion.b\",\"b\":1}\n\n"
            "data: {\"c\":\"all.x\",\"b\":1}\n\n");
  EXPECT_EQ(stage.take_received(none), "data: {\"c\":\"all.x\",\"b\":1}\n\n");
  stage.end(two);
  stage.end(none);
  stage.run_for(milliseconds(500));
  EXPECT_EQ(stage.shard->counters().channels.get(), 0U);
  stage.expect_nothing_left();
}

TEST(EventStreamChannels, AreAsManyAsTheLimitAndNoMore) {
  ShardStage stage(kByCommands + "limits.channels = 3\n");
  const auto status_of = [&](std::string_view channels) {
    return stage.ask(sse_request(with_token("&channels=" + std::string(channels)))).head.substr(9, 3);
  };
  EXPECT_EQ(status_of("a,b"), "200");
  EXPECT_EQ(status_of("a,b,c"), "200");
  EXPECT_EQ(status_of("a,b,c,d"), "400");
  EXPECT_EQ(status_of(""), "400") << "there is nothing to receive";
  EXPECT_EQ(status_of("a,%01"), "400");
  EXPECT_EQ(status_of(std::string(256, 'x')), "400");
  EXPECT_EQ(stage.refusals(RefusalReason::bad_request), 4U);
}

TEST(EventStreamChannels, MustBePermittedByTheToken) {
  ShardStage stage(kByCommands + "auth.channels_claim = \"may\"\n");
  const std::string target = "/ws?token=" + token_with(R"({"may":["a","room.*"]})") + "&channels=";
  open_stream(stage, sse_request(target + "a,room.1"));
  EXPECT_EQ(status_and_body(stage.ask(sse_request(target + "a,b"))),
            R"(403 {"message":"the token does not permit a channel"})");
  EXPECT_EQ(stage.refusals(RefusalReason::channel), 1U);
  EXPECT_EQ(stage.admission.connections(), 1U);
}

}  // namespace
}  // namespace carillon::gateway::testing

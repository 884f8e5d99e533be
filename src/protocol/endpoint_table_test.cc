// Which compiled endpoint answers which request, when an [[endpoint]] has several transports.
#include "protocol/endpoint_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/test_environment.h"
#include "http/head_reader.h"

namespace carillon::protocol {
namespace {

using config::Transport;
using ::testing::ElementsAre;

CompiledEndpoints compiled_from(const std::string& toml) {
  const config::Loaded loaded = config::load_good(toml);
  EXPECT_THAT(config::texts_of(loaded.errors), ElementsAre());
  return compile_endpoints(loaded.settings);
}

std::string endpoint_of(int number, const std::string& transports) {
  const std::string name = std::to_string(number);
  return "[[endpoint]]\nprofile = \"orion\"\nname = \"e" + name + "\"\npath = \"/" + name +
         "\"\ntransports = " + transports + "\n";
}

const Endpoint* answering(const EndpointTable& table, const std::string& path, const std::string& headers) {
  http::HeadReader reader;
  EXPECT_EQ(reader.feed("GET " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n").state,
            http::HeadState::done);
  return table.for_request(reader.take_head());
}

const std::string kSse = "Accept: text/event-stream\r\n";
const std::string kLines = "Accept: application/x-ndjson\r\n";
const std::string kAll = "Accept: */*\r\n";
const std::string kWebSocket = "Connection: Upgrade\r\nUpgrade: websocket\r\n";

TEST(CompiledTransports, FurtherOnesFollowThePrimaryOnes) {
  const auto compiled = compiled_from(endpoint_of(0, R"(["websocket","sse","ndjson"])") +
                                      endpoint_of(1, R"(["sse"])") + endpoint_of(2, R"(["ndjson","sse"])"));
  ASSERT_EQ(compiled.endpoints.size(), 6U);
  const auto place = [&](std::size_t i) {
    const Endpoint& endpoint = *compiled.endpoints[i];
    EXPECT_EQ(endpoint.index, i);
    EXPECT_EQ(endpoint.group, i + 1);
    return std::pair<int, Transport>(endpoint.primary(), endpoint.transport.kind);
  };
  EXPECT_EQ(place(0), std::pair(0, Transport::websocket));
  EXPECT_EQ(place(1), std::pair(1, Transport::sse));
  EXPECT_EQ(place(2), std::pair(2, Transport::ndjson));
  EXPECT_EQ(place(3), std::pair(0, Transport::sse));
  EXPECT_EQ(place(4), std::pair(0, Transport::ndjson));
  EXPECT_EQ(place(5), std::pair(2, Transport::sse));
  EXPECT_THAT(compiled.endpoints[0]->transport.further, ElementsAre(3, 4));
  EXPECT_THAT(compiled.endpoints[1]->transport.further, ElementsAre());
  EXPECT_THAT(compiled.endpoints[2]->transport.further, ElementsAre(5));
}

TEST(CompiledTransports, AStreamHasHeartbeatsInsteadOfPings) {
  const auto compiled =
      compiled_from(endpoint_of(0, R"(["websocket","sse"])") + "keepalive.stream = \"10s\"\n");
  EXPECT_EQ(compiled.endpoints[0]->transport.keepalive.ping, milliseconds(30000));
  EXPECT_EQ(compiled.endpoints[1]->transport.keepalive.ping, milliseconds(10000));
  EXPECT_EQ(compiled.endpoints[1]->transport.keepalive.timeout, milliseconds(20000));
}

TEST(CompiledTransports, AllTogetherAreLimited) {
  std::string toml;
  for (int i = 0; i < 124; ++i) toml += endpoint_of(i, R"(["websocket","sse"])");
  const std::string one = endpoint_of(124, R"(["websocket"])");
  const std::string two = endpoint_of(124, R"(["websocket","sse"])");
  const std::string three = endpoint_of(124, R"(["websocket","sse","ndjson"])");
  EXPECT_EQ(compiled_from(toml + one).endpoints.size(), kEndpointsMax - 1);
  EXPECT_EQ(compiled_from(toml + two).endpoints.size(), kEndpointsMax);
  const auto refused = compiled_from(toml + three);
  EXPECT_TRUE(refused.endpoints.empty());
  EXPECT_THAT(config::texts_of(refused.problems),
              ElementsAre("gateway.toml:621: endpoint: all endpoints together have more than 250 transports "
                          "(`transports`; one without it has one); remove some"));
}

TEST(EndpointTable, ARequestChoosesTheTransport) {
  const EndpointTable table(compiled_from(endpoint_of(0, R"(["websocket","sse","ndjson"])")).endpoints);
  EXPECT_EQ(answering(table, "/0", kWebSocket)->transport.kind, Transport::websocket);
  EXPECT_EQ(answering(table, "/0", kWebSocket + kSse)->transport.kind, Transport::websocket);
  EXPECT_EQ(answering(table, "/0", kSse)->transport.kind, Transport::sse);
  EXPECT_EQ(answering(table, "/0", kLines)->transport.kind, Transport::ndjson);
  EXPECT_EQ(answering(table, "/0", "Connection: Upgrade\r\nUpgrade: h2c\r\n" + kSse)->transport.kind,
            Transport::sse);
  EXPECT_EQ(answering(table, "/0", "Accept: text/event-stream;q=0.2, application/x-ndjson;q=0.3\r\n")
                ->transport.kind,
            Transport::ndjson);
  EXPECT_EQ(answering(table, "/1", kSse), nullptr);
}

TEST(EndpointTable, ARequestForNoTransportGetsTheWebSocketsAnswer) {
  const EndpointTable table(compiled_from(endpoint_of(0, R"(["sse","websocket"])") +
                                          endpoint_of(1, R"(["ndjson","sse"])") +
                                          endpoint_of(2, R"(["websocket"])"))
                                .endpoints);
  EXPECT_EQ(answering(table, "/0", kAll)->transport.kind, Transport::websocket);
  EXPECT_EQ(answering(table, "/0", "")->transport.kind, Transport::websocket);
  EXPECT_EQ(answering(table, "/0", kLines)->transport.kind, Transport::websocket);
  EXPECT_EQ(answering(table, "/1", kAll)->transport.kind, Transport::ndjson);
  EXPECT_EQ(answering(table, "/1", kWebSocket)->transport.kind, Transport::ndjson);
  EXPECT_EQ(answering(table, "/2", kSse)->transport.kind, Transport::websocket);
}

TEST(EndpointTable, AnotherListOfTransportsIsAnotherTable) {
  const auto both = compiled_from(endpoint_of(0, R"(["websocket","sse"])")).endpoints;
  const auto turned = compiled_from(endpoint_of(0, R"(["sse","websocket"])")).endpoints;
  const auto one = compiled_from(endpoint_of(0, R"(["websocket"])")).endpoints;
  EXPECT_TRUE(EndpointTable::are_the_same(both, both));
  EXPECT_FALSE(EndpointTable::are_the_same(both, turned));
  EXPECT_FALSE(EndpointTable::are_the_same(both, one));
}

}  // namespace
}  // namespace carillon::protocol

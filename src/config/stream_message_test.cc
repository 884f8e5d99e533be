// Settings of event streams: what is read, and the messages about what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_messages.h"

namespace carillon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(StreamSettings, ByDefaultThereAreOnlyWebSockets) {
  const Loaded loaded = load_good(orion_with(""));
  const StreamSettings& streams = loaded.settings.endpoints.at(0).streams;
  EXPECT_THAT(streams.transports, ElementsAre(Transport::websocket));
  EXPECT_FALSE(streams.has_streams());
  EXPECT_EQ(streams.sse_retry, milliseconds(3000));
  EXPECT_EQ(streams.cors_credentials, Switch::off);
  EXPECT_EQ(loaded.settings.endpoints.at(0).keepalive.stream, milliseconds(15000));
}

TEST(StreamSettings, AreReadInTheOrderOfTheFile) {
  const Loaded loaded =
      load_good(orion_with("transports = [\"ndjson\", \"websocket\", \"sse\"]\nsse.retry = "
                           "\"250ms\"\nkeepalive.stream = \"off\""));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  const EndpointSettings& endpoint = loaded.settings.endpoints.at(0);
  EXPECT_THAT(endpoint.streams.transports,
              ElementsAre(Transport::ndjson, Transport::websocket, Transport::sse));
  EXPECT_EQ(endpoint.streams.sse_retry, milliseconds(250));
  EXPECT_EQ(endpoint.keepalive.stream, std::nullopt);
}

TEST(StreamMessages, OfTransports) {
  expect_of_endpoint({
      {"transports = \"sse\"",
       "gateway.toml:3: endpoint[0].transports: expected a list such as [\"websocket\", \"sse\"], got the "
       "string \"sse\""},
      {"transports = []",
       "gateway.toml:3: endpoint[0].transports: is empty, so no client could connect; write [\"websocket\"]"},
      {"transports = [\"sse\", \"websockets\"]",
       "gateway.toml:3: endpoint[0].transports[1]: \"websockets\" is unknown; did you mean \"websocket\"?"},
      {"transports = [\"sse\", \"sse\"]",
       "gateway.toml:3: endpoint[0].transports[1]: \"sse\" is in the list twice; write it once"},
      {"transports = [\"sse\"]\ncors.credentials = \"on\"\norigins = [\"*\"]",
       "gateway.toml:4: endpoint[0].cors.credentials: \"on\" would let the pages of every site use the "
       "credentials of their visitors, because origins is [\"*\"]; list the origins, or write \"off\""},
  });
  EXPECT_THAT(texts_of(load_good("[[endpoint]]\nprofile = \"echo\"\ntransports = [\"sse\"]\n").errors),
              ElementsAre("gateway.toml:3: endpoint[0].transports: this endpoint has no events to stream; "
                          "write [\"websocket\"], or frames.event"));
}

TEST(StreamMessages, OfTheChannelsOfAStream) {
  expect_of_endpoint({
      {"select.streams = \"channels\"",
       "gateway.toml:3: endpoint[0].select.streams: \"channels\" is not a parameter of the query; write "
       "\"query:channels\""},
      {"select.streams = \"query:channels\"",
       "gateway.toml:3: endpoint[0].select.streams: has no use where clients subscribe to no channels; leave "
       "it out, or write select.by = \"commands\""},
  });
  const std::string by_commands =
      "transports = [\"sse\"]\nsource.channels = [\"a.*\"]\nselect.by = \"commands\"\n"
      "inbound.rate.messages = 9\ncommands.name = \"/op\"\n"
      "commands.subscribe = { is = 1, channel = \"/ch\" }\n";
  EXPECT_THAT(
      texts_of(load_good(orion_with(by_commands)).errors),
      ElementsAre("gateway.toml:3: endpoint[0].transports: a client of \"sse\" or \"ndjson\" cannot send "
                  "commands to subscribe with; write select.streams = \"query:channels\""));
  EXPECT_THAT(texts_of(load_good(orion_with(by_commands + "select.streams = \"query:channels\"")).errors),
              IsEmpty());
}

TEST(StreamMessages, ASettingOfStreamsWithoutOneHasNoEffect) {
  const Loaded loaded = load_good(orion_with("keepalive.stream = \"9s\"\nsse.retry = \"1s\""));
  EXPECT_THAT(texts_of(loaded.warnings),
              ElementsAre("gateway.toml:3: endpoint[0].keepalive.stream: has no effect, because transports "
                          "has neither \"sse\" nor \"ndjson\"; add one, or leave it out",
                          "gateway.toml:4: endpoint[0].sse.retry: has no effect, because transports has no "
                          "\"sse\"; add it, or leave it out"));
}

}  // namespace
}  // namespace carillon::config

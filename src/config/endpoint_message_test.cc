// Every message of an endpoint and its profile, whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_messages.h"

namespace carillon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(EndpointMessages, OfAProfile) {
  expect_only({
      {"[[endpoint]]\n",
       "gateway.toml:1: endpoint[0].profile: is missing; write profile = \"carillon\", \"echo\", "
       "\"fluxora\", \"grimnir\", "
       "\"orion\" or \"service\", or the path of a .toml file"},
      {"[[endpoint]]\nprofile = \"oroin\"",
       "gateway.toml:2: endpoint[0].profile: there is no profile \"oroin\"; did you mean \"orion\"?"},
      {"[[endpoint]]\nprofile = \"zebra\"",
       "gateway.toml:2: endpoint[0].profile: there is no profile \"zebra\"; write \"carillon\", \"echo\", "
       "\"fluxora\", "
       "\"grimnir\", \"orion\" or \"service\""},
      {"[[endpoint]]\nprofile = 1",
       "gateway.toml:2: endpoint[0].profile: expected name of a profile, or path of a .toml file such as "
       "\"orion\", got the integer "
       "1"},
  });
}

TEST(EndpointMessages, OfAnEndpointsKeys) {
  expect_of_endpoint({
      {"keepalive.pign = \"1s\"",
       "gateway.toml:3: endpoint[0].keepalive.pign: unknown key; did you mean \"ping\"?"},
      {"keepalive = { pign = \"1s\" }",
       "gateway.toml:3: endpoint[0].keepalive.pign: unknown key; did you mean \"ping\"?"},
      {"kepalive.ping = \"1s\"",
       "gateway.toml:3: endpoint[0].kepalive: unknown key; did you mean \"keepalive\"?"},
      {"ping = \"1s\"", "gateway.toml:3: endpoint[0].ping: unknown key; did you mean \"keepalive.ping\"?"},
      {"lag = \"skip\"",
       "gateway.toml:3: endpoint[0].lag: expected a table with policy, bytes_max, grace, age_max, "
       "close_code, close_reason, overrides, got the string \"skip\"; write lag.policy = …"},
      {"auth.missing.zzz = 1",
       "gateway.toml:3: endpoint[0].auth.missing.zzz: unknown key; known here: status, headers, body"},
      {"\"keepalive.ping\" = \"1s\"",
       "gateway.toml:3: endpoint[0].keepalive.ping: unknown key; known here: profile, name, path, origins, "
       "subprotocols, auth, source, select, keepalive, frames, commands, history, resume, acks, "
       "client_publish, errors, "
       "inbound, log, lag, "
       "limits, deflate, shutdown_code, shutdown_reason, memory_code, memory_reason, refusals, transports, "
       "sse, cors, health, route, "
       "route_key, route_origins"},
      {"name = \"a b\"",
       "gateway.toml:3: endpoint[0].name: \"a b\" is not a name; write 1 to 64 letters, digits, \"-\", \"_\" "
       "or "
       "\".\""},
      {"deflate = \"maybe\"",
       "gateway.toml:3: endpoint[0].deflate: expected \"on\" or \"off\", got the string \"maybe\""},
      {"inbound.reply = \"ehco\"",
       "gateway.toml:3: endpoint[0].inbound.reply: \"ehco\" is unknown; did you mean \"echo\"?"},
  });
}

TEST(EndpointMessages, OfSubprotocols) {
  expect_of_endpoint({
      {"subprotocols = \"chat\"",
       "gateway.toml:3: endpoint[0].subprotocols: expected an array such as [\"chat.v1\"], got the string "
       "\"chat\""},
      {"subprotocols = [\"a b\"]",
       "gateway.toml:3: endpoint[0].subprotocols[0]: \"a b\" is not a subprotocol (letters, digits and "
       "!#$%&'*+-.^_`|~); write \"chat.v1\""},
      {"subprotocols = [\"\"]",
       "gateway.toml:3: endpoint[0].subprotocols[0]: \"\" is not a subprotocol (letters, digits and "
       "!#$%&'*+-.^_`|~); write \"chat.v1\""},
  });
}

TEST(EndpointMessages, OfReservedChannels) {
  constexpr std::string_view kWhy =
      "a channel name must not begin with \"carillon.\": those channels are reserved; write another";
  for (const std::string pattern : {"carillon.*", "carillon.x"}) {
    for (const std::string key : {"source.channels", "source.broadcast"}) {
      const auto texts = texts_of(load_good(orion_with(key + " = [\"" + pattern + "\"]")).errors);
      ASSERT_FALSE(texts.empty()) << key;
      EXPECT_EQ(texts.front(),
                "gateway.toml:3: endpoint[0]." + key + "[0]: \"" + pattern + "\": " + std::string(kWhy));
    }
    EXPECT_THAT(texts_of(load_good(orion_with("commands.publish.to = \"" + pattern + "\"")).errors),
                ElementsAre("gateway.toml:3: endpoint[0].commands.publish.to: \"" + pattern +
                            "\": " + std::string(kWhy)));
  }
  EXPECT_THAT(load_good(orion_with("source.channels = [\"carillon*\"]")).errors, IsEmpty());
}

TEST(EndpointMessages, OfPaths) {
  expect_of_endpoint({
      {"path = \"ws\"", "gateway.toml:3: endpoint[0].path: \"ws\" does not begin with \"/\"; write \"/ws\""},
      {"path = \"/ws/*\"",
       "gateway.toml:3: endpoint[0].path: \"/ws/*\" is not a literal path (no patterns, no query, no "
       "%-escapes, "
       "no blanks); write \"/ws\""},
      {"path = \"/a/../b\"",
       "gateway.toml:3: endpoint[0].path: \"/a/../b\" has an empty or a dot segment; write \"/ws\""},
      {"path = \"//ws\"",
       "gateway.toml:3: endpoint[0].path: \"//ws\" has an empty or a dot segment; write \"/ws\""},
      {"path = \"/health\"",
       "gateway.toml:3: endpoint[0].path: \"/health\" is answered by Carillon itself; write another path"},
      {"path = \"/v1/channels/a/b/history\"",
       "gateway.toml:3: endpoint[0].path: \"/v1/channels/a/b/history\" is answered by Carillon itself; write "
       "another path"},
      {"path = \"/v1/{group}/{name}/history\"",
       "gateway.toml:3: endpoint[0].path: \"/v1/{group}/{name}/history\" matches "
       "\"/v1/channels/orders/history\", which is answered by Carillon itself; write another path"},
  });
}

TEST(EndpointMessages, OfOrigins) {
  expect_of_endpoint({
      {"origins = []",
       "gateway.toml:3: endpoint[0].origins: is empty and would admit no client; write [\"*\"] to admit all"},
      {"origins = [\"*\", \"none\"]",
       "gateway.toml:3: endpoint[0].origins: has \"*\" together with others; write [\"*\"] alone, or leave "
       "it out"},
      {"origins = [\"app.example.com\"]",
       "gateway.toml:3: endpoint[0].origins[0]: \"app.example.com\" is not an origin; write "
       "\"https://app.example.com\" (scheme, host and port only), \"none\" or \"*\""},
      {"origins = [\"https://app.example.com/\"]",
       "gateway.toml:3: endpoint[0].origins[0]: \"https://app.example.com/\" is not an origin; write "
       "\"https://app.example.com\" (scheme, host and port only), \"none\" or \"*\""},
      {"origins = \"*\"",
       "gateway.toml:3: endpoint[0].origins: expected an array such as [\"https://app.example.com\"], got "
       "the "
       "string \"*\""},
  });
}

TEST(EndpointMessages, OfAuth) {
  expect_of_endpoint({
      {"auth.keys = [\"evn\"]",
       "gateway.toml:3: endpoint[0].auth.keys: there is no key \"evn\"; did you mean \"env\"?"},
      {"auth.keys = [\"other\"]",
       "gateway.toml:3: endpoint[0].auth.keys: there is no key \"other\"; write \"env\", or add "
       "[keys.other]"},
      {"auth.sources = []",
       "gateway.toml:3: endpoint[0].auth.sources: is empty, so no token is ever found; write "
       "[\"query:token\"]"},
      {"auth.sources = [\"cookie\"]",
       "gateway.toml:3: endpoint[0].auth.sources[0]: \"cookie\" is unknown; write \"bearer\", "
       "\"query:token\" or \"header:X-API-Key\""},
      {"auth.sources = [\"query:\"]",
       "gateway.toml:3: endpoint[0].auth.sources[0]: \"query:\" names no query parameter (1 to 64 letters, "
       "digits, "
       "_ - .); write \"query:token\""},
      {"auth.sources = \"bearer\"",
       "gateway.toml:3: endpoint[0].auth.sources: expected an array such as [\"bearer\", \"query:token\"], "
       "got the "
       "string \"bearer\""},
      {"auth.close_at_exp = 1005",
       "gateway.toml:3: endpoint[0].auth.close_at_exp: 1005 may not be sent in a close frame; write 1000 to "
       "1003, "
       "1007 to 1009, 1011 to 1014, or 3000 to 4999, or \"off\""},
      {"auth.close_at_exp = \"on\"",
       "gateway.toml:3: endpoint[0].auth.close_at_exp: expected a close code such as 1008, or \"off\", got "
       "the "
       "string \"on\""},
      {"auth.missing.body = '{x'",
       "gateway.toml:3: endpoint[0].auth.missing.body: at byte 1: this is not what JSON allows here"},
      {"auth.missing.body = '$channel'",
       "gateway.toml:3: endpoint[0].auth.missing.body: at byte 0: there is no variable $channel; there are "
       "$time_s, $time_ms, $time_unix_s, $time_unix_ms"},
      {"auth.mode = \"api_key\"",
       "gateway.toml:1: endpoint[0].auth.api_keys: is empty, so no client is admitted; write [{ env = "
       "\"NAME\" "
       "}]"},
      {"auth.algorithms = [\"RS256\"]",
       "gateway.toml:3: endpoint[0].auth.algorithms: none of its keys has \"RS256\"; add it to a key's "
       "algorithms, or "
       "write what the keys have"},
      {"auth.missing.headers = [\"no colon\"]",
       "gateway.toml:3: endpoint[0].auth.missing.headers[0]: \"no colon\" is not a header; write \"Name: "
       "value\" "
       "on one line"},
      {"auth.missing.headers = [\"A: b\\r\\nC: d\"]",
       "gateway.toml:3: endpoint[0].auth.missing.headers[0]: \"A: b\\u000d\\nC: d\" is not a header; write "
       "\"Name: value\" on one line"},
      {"auth.missing.headers = [\"Content-Length: 3\"]",
       "gateway.toml:3: endpoint[0].auth.missing.headers[0]: \"Content-Length\" is set by Carillon itself; "
       "leave "
       "it out"},
      {"auth.missing.status = 200",
       "gateway.toml:3: endpoint[0].auth.missing.status: 200 is out of bounds; write a number from 400 to "
       "599"},
  });
}

TEST(EndpointMessages, OfAJwtEndpointWithoutAnyKey) {
  EXPECT_THAT(
      texts_of(load_in({}, orion_with("")).errors),
      ElementsAre("gateway.toml:1: endpoint[0].auth.keys: there is no key to check tokens with; write "
                  "[keys.main] with secret = { env = \"CARILLON_JWT_SECRET\" }, or set CARILLON_JWT_SECRET"));
  EXPECT_THAT(texts_of(load_in({}, "[[endpoint]]\nprofile = \"echo\"").errors), IsEmpty());
}

TEST(EndpointMessages, OfWhatAnEndpointSends) {
  expect_of_endpoint({
      {"source.channels = [\"a*b*\"]",
       "gateway.toml:3: endpoint[0].source.channels[0]: a channel pattern has at most one `*`; list several "
       "patterns instead"},
      {"source.channels = []",
       "gateway.toml:3: endpoint[0].frames.event: no channel brings events for it; write source.channels = "
       "[\"news.*\"]"},
      {"frames.event = ''",
       "gateway.toml:3: endpoint[0].source.channels: bring events, but there is no frame for them; write "
       "frames.event = '$body'"},
      {"frames.event = '{\"type\":$chanel}'",
       "gateway.toml:3: endpoint[0].frames.event: at byte 8: there is no variable $chanel; did you mean "
       "$channel?"},
  });
}

TEST(EndpointMessages, OfKeepalive) {
  expect_of_endpoint({
      {"keepalive.ping = \"90s\"",
       "gateway.toml:3: endpoint[0].keepalive.timeout: 1m is less than keepalive.ping = 90s and would drop "
       "clients "
       "that were not pinged yet; write at least \"90s\""},
      {"keepalive.timeout = \"29s\"",
       "gateway.toml:3: endpoint[0].keepalive.timeout: 29s is less than keepalive.ping = 30s and would drop "
       "clients "
       "that were not pinged yet; write at least \"30s\""},
      {"keepalive.ping = \"off\"",
       "gateway.toml:3: endpoint[0].keepalive.timeout: 1m without pings would drop every client; write "
       "keepalive.timeout = \"off\", or keepalive.ping"},
      {"keepalive.ping = 10",
       "gateway.toml:3: endpoint[0].keepalive.ping: expected a duration such as \"250ms\", \"30s\", \"5m\" "
       "or "
       "\"1h\", or \"off\", got the integer 10"},
  });
  EXPECT_THAT(texts_of(load_good(orion_with("keepalive.timeout = \"30s\"")).errors), IsEmpty());
  EXPECT_THAT(texts_of(load_good(orion_with("keepalive = { ping = \"off\", timeout = \"off\" }")).errors),
              IsEmpty());
  EXPECT_THAT(texts_of(load_good(orion_with("keepalive = { ping = \"off\", data_counts = true }")).errors),
              IsEmpty());
}

TEST(EndpointMessages, TheLatestPolicyNeedsEventsOfChannels) {
  const std::string service = "[[endpoint]]\nprofile = \"service\"\nlag.policy = \"latest\"\n";
  EXPECT_THAT(texts_of(load_good(service + "source.broadcast = []\n").errors), IsEmpty());
  EXPECT_THAT(
      texts_of(load_good(service).errors),
      ElementsAre("gateway.toml:3: endpoint[0].lag.policy: \"latest\" sends the newest event of each "
                  "channel, and the events of source.broadcast belong to no channel of a client; write "
                  "\"skip\", or leave source.broadcast out"));
}

TEST(EndpointMessages, OfLagAndLimits) {
  expect_of_endpoint({
      {"lag.policy = \"skip\"",
       "gateway.toml:3: endpoint[0].lag.policy: \"skip\" needs a frame that reports the gap to the client, "
       "and "
       "this "
       "protocol has none; write frames.gap, or \"disconnect\""},
      {"lag.policy = \"latest\"",
       "gateway.toml:3: endpoint[0].lag.policy: \"latest\" sends the newest event of each channel, and the "
       "clients of this endpoint do not subscribe to channels; write \"skip\", or select.by = \"commands\""},
      {"source.on_gap = \"report\"",
       "gateway.toml:3: endpoint[0].source.on_gap: \"report\" needs a frame that reports the gap to the "
       "client, and this protocol has none; write frames.gap, or \"close\""},
      {"lag.close_code = 1006",
       "gateway.toml:3: endpoint[0].lag.close_code: 1006 may not be sent in a close frame; write 1000 to "
       "1003, 1007 "
       "to 1009, 1011 to 1014, or 3000 to 4999"},
      {"lag.close_reason = \"a\\nb\"",
       "gateway.toml:3: endpoint[0].lag.close_reason: \"a\\nb\" has control characters; write plain text"},
      {"limits.connections = 0",
       "gateway.toml:3: endpoint[0].limits.connections: 0 never means unlimited; write "
       "\"off\""},
      {"limits.connections = -1",
       "gateway.toml:3: endpoint[0].limits.connections: -1 is out of bounds; write a number from 1 to "
       "1000000000, or "
       "\"off\""},
      {"limits.connections = \"none\"",
       "gateway.toml:3: endpoint[0].limits.connections: expected a number of at least 1 or \"off\", got the "
       "string "
       "\"none\""},
  });
}

TEST(EndpointMessages, OfEndpointsThatCollide) {
  EXPECT_THAT(
      texts_of(load_good(orion_with("") + orion_with("name = \"two\"")).errors),
      ElementsAre(
          "gateway.toml:4: endpoint[1].path: \"/ws\" is already the path of the endpoint at gateway.toml:1; "
          "write another path"));
  EXPECT_THAT(
      texts_of(load_good(orion_with("") + orion_with("path = \"/two\"")).errors),
      ElementsAre("gateway.toml:4: endpoint[1].name: \"orion\" is already the name of the endpoint at "
                  "gateway.toml:1; write another name"));
  EXPECT_THAT(texts_of(load_good(orion_with("") + orion_with("path = \"/two\"\nname = \"two\"")).errors),
              IsEmpty());
}

}  // namespace
}  // namespace carillon::config

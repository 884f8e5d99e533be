// Every message of the configuration, whole: what is wrong, where, and what to write instead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_environment.h"

namespace carillon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Case {
  const char* text;
  const char* message;
};

void expect_only(const std::vector<Case>& cases) {
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(texts_of(load_good(text).errors), ElementsAre(message)) << text;
  }
}

// Each line stands on line 3, in an endpoint of the profile orion.
void expect_of_endpoint(const std::vector<Case>& cases) {
  for (const auto& [line, message] : cases) {
    EXPECT_THAT(texts_of(load_good(orion_with(line)).errors), ElementsAre(message)) << line;
  }
}

// Each line stands on line 4, in a table of its own on line 3.
void expect_of_table(const std::string& table, const std::vector<Case>& cases) {
  for (const auto& [line, message] : cases) {
    const std::string text = orion_with("[" + table + "]\n" + line);
    EXPECT_THAT(texts_of(load_good(text).errors), ElementsAre(message)) << line;
  }
}

TEST(ConfigMessages, OfAFileThatIsNotToml) {
  expect_only({
      {"a = = 1",
       "gateway.toml:1: not TOML: Error while parsing value: could not determine value type; a text needs "
       "quotes: key = \"text\""},
      {"\n\n[server\n",
       "gateway.toml:3: not TOML: Error while parsing table header: expected ']', saw '\\n'"},
      {"a = 1\na = 2\n",
       "gateway.toml:2: not TOML: Error while parsing key-value pair: cannot redefine existing integer 'a'"},
      {"level = info",
       "gateway.toml:1: not TOML: Error while parsing floating-point: expected value-terminator, saw 'o'; a "
       "text needs quotes: key = \"text\""},
      {"secret = hunter2hunter2",
       "gateway.toml:1: not TOML: Error while parsing value: could not determine value type; a text needs "
       "quotes: key = \"text\""},
      {"secret = 123456789123456789123456789",
       "gateway.toml:1: not TOML: Error while parsing decimal integer: '…' is not representable in 64 bits; "
       "a "
       "text needs quotes: key = \"text\""},
  });
}

TEST(ConfigMessages, OfTheTopLevel) {
  expect_only({
      {"", "gateway.toml: endpoint: there is none; write [[endpoint]], and below it profile = \"orion\""},
      {"endpoint = []",
       "gateway.toml: endpoint: there is none; write [[endpoint]], and below it profile = \"orion\""},
      {"[endpoint]\nprofile = \"orion\"",
       "gateway.toml:1: endpoint: expected an array of tables, got a table; write [[endpoint]]"},
      {"endpoint = [1]",
       "gateway.toml:1: endpoint[0]: expected a table, got an integer; write [[endpoint]], and below it its "
       "keys"},
      {"servre = 1\n[[endpoint]]\nprofile = \"orion\"",
       "gateway.toml:1: servre: unknown key; did you mean \"server\"?"},
      {"zebra = 1\n[[endpoint]]\nprofile = \"orion\"",
       "gateway.toml:1: zebra: unknown key; known here: server, bus, keys, api, log, endpoint"},
      {"server = 1\n[[endpoint]]\nprofile = \"orion\"",
       "gateway.toml:1: server: expected a table, got an integer; write [server]"},
  });
}

TEST(ConfigMessages, OfTheServer) {
  expect_of_table(
      "server",
      {
          {"handshake_timout = \"5s\"",
           "gateway.toml:4: server.handshake_timout: unknown key; did you mean \"handshake_timeout\"?"},
          {"drain = 30",
           "gateway.toml:4: server.drain: expected a duration such as \"250ms\", \"30s\", \"5m\" or \"1h\", "
           "got "
           "the integer 30"},
          {"drain = \"2h\"",
           "gateway.toml:4: server.drain: \"2h\" is out of bounds; write a duration from \"10ms\" to \"1h\""},
          {"drain = \"off\"",
           "gateway.toml:4: server.drain: expected a duration such as \"250ms\", \"30s\", \"5m\" or \"1h\", "
           "got "
           "the string \"off\""},
          {"shards = \"many\"",
           "gateway.toml:4: server.shards: expected a number such as 1, got the string \"many\""},
          {"shards = 257",
           "gateway.toml:4: server.shards: 257 is out of bounds; write a number from 1 to 256"},
          {"shards = -1", "gateway.toml:4: server.shards: -1 is out of bounds; write a number from 1 to 256"},
          {"headers_max = 0",
           "gateway.toml:4: server.headers_max: 0 is out of bounds; write a number from 8 to 1024"},
          {"headers_max = 64.0",
           "gateway.toml:4: server.headers_max: expected a number such as 8, got a float"},
          {"body_bytes_max = \"64KB\"",
           "gateway.toml:4: server.body_bytes_max: expected a size such as 65536, \"64KiB\" or \"1MiB\", got "
           "the "
           "string \"64KB\""},
          {"body_bytes_max = \"1GiB\"",
           "gateway.toml:4: server.body_bytes_max: \"1GiB\" is out of bounds; write a size from \"1KiB\" to "
           "\"64MiB\""},
          {"body_bytes_max = -1",
           "gateway.toml:4: server.body_bytes_max: -1 is out of bounds; write a size from \"1KiB\" to "
           "\"64MiB\""},
          {"head_bytes_max = \"4KiB\"",
           "gateway.toml:4: server.head_bytes_max: 4KiB is less than server.request_line_bytes_max = 8KiB, "
           "which "
           "it contains; write at least that"},
      });
}

TEST(ConfigMessages, OfListenAddresses) {
  expect_of_table(
      "server",
      {
          {"listen = 8000",
           "gateway.toml:4: server.listen: expected an address such as \"127.0.0.1:8000\", got the integer "
           "8000"},
          {"listen = []",
           "gateway.toml:4: server.listen: is empty; write [\"127.0.0.1:8000\", \"[::1]:8000\"]"},
          {"listen = [\n\"127.0.0.1:1\",\n\"127.0.0.1\"]",
           "gateway.toml:6: server.listen[1]: \"127.0.0.1\" has no port from 0 to 65535; write "
           "\"127.0.0.1:8000\""},
          {"listen = \"127.0.0.1:65536\"",
           "gateway.toml:4: server.listen: \"127.0.0.1:65536\" has no port from 0 to 65535; write "
           "\"127.0.0.1:8000\""},
          {"listen = \"::1:8000\"",
           "gateway.toml:4: server.listen: \"::1:8000\" is an IPv6 address without brackets; write "
           "\"[::1]:8000\""},
          {"listen = \":8000\"",
           "gateway.toml:4: server.listen: \":8000\" has no address; write \"0.0.0.0:8000\" and "
           "\"[::]:8000\" for "
           "all of them"},
          {"listen = \"example.com:80\"",
           "gateway.toml:4: server.listen: \"example.com:80\" has no numeric address; write one such as "
           "\"127.0.0.1:8000\", \"[::1]:8000\" or \"localhost:8000\""},
          {"listen = [\"localhost:80\", \"[0:0:0:0:0:0:0:1]:80\"]",
           "gateway.toml:4: server.listen: \"[::1]:80\" is listed twice; leave one out"},
      });
}

TEST(ConfigMessages, OfTheBusTheApiAndTheLog) {
  expect_of_table(
      "bus",
      {
          {"url = \"localhost\"",
           "gateway.toml:4: bus.url: is not a URL; write \"memory:\" or \"redis://127.0.0.1:6379\""},
          {"url = 3",
           "gateway.toml:4: bus.url: expected a URL such as \"redis://127.0.0.1:6379\", { env = \"NAME\" } "
           "or { "
           "file = \"path\" }, got an integer"},
          {"backoff_min = \"1m\"",
           "gateway.toml:4: bus.backoff_min: 1m is more than bus.backoff_max = 5s; write at most that"},
          {"tls_ca_file = \"\"",
           "gateway.toml:4: bus.tls_ca_file: is empty; write the path of a file, or leave the key out"},
      });
  expect_of_table(
      "api",
      {
          {"keys = \"k\"",
           "gateway.toml:4: api.keys: expected an array such as [{ env = \"NAME\" }], got a string"},
          {"keys = [{ env = \"NOPE\" }]",
           "gateway.toml:4: api.keys[0]: the environment variable NOPE is not set; set it, or write { file = "
           "\"path\" }"},
          {"batch_max = true",
           "gateway.toml:4: api.batch_max: expected a number such as 1, got the boolean true"},
      });
  expect_of_table("log", {
                             {"level = \"inof\"",
                              "gateway.toml:4: log.level: \"inof\" is unknown; did you mean \"info\"?"},
                             {"level = \"loud\"",
                              "gateway.toml:4: log.level: \"loud\" is unknown; write \"debug\", \"info\", "
                              "\"warning\" or \"error\""},
                             {"level = 3",
                              "gateway.toml:4: log.level: expected \"debug\", \"info\", \"warning\" or "
                              "\"error\", got the integer 3"},
                         });
}

TEST(ConfigMessages, OfKeys) {
  expect_of_table(
      "keys.main",
      {
          {"",
           "gateway.toml:3: keys.main: has neither secret nor public_key; write secret = { env = "
           "\"CARILLON_JWT_SECRET\" }"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nalgorithms = []",
           "gateway.toml:5: keys.main.algorithms: is empty; write algorithms = [\"HS256\"]"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nalgorithms = [\"HS265\"]",
           "gateway.toml:5: keys.main.algorithms[0]: \"HS265\" is unknown; did you mean \"HS256\"?"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nalgorithms = [\"nOnE\"]",
           "gateway.toml:5: keys.main.algorithms[0]: \"none\" would admit tokens that nobody signed; write "
           "one of "
           "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nalgorithms = [\"RS256\"]",
           "gateway.toml:5: keys.main.algorithms: RS256 needs a public_key, and this key has a secret; write "
           "another key for it"},
          {"public_key = \"-----BEGIN PUBLIC KEY-----\"\nalgorithms = [\"HS256\"]",
           "gateway.toml:5: keys.main.algorithms: HS256 needs a secret, and this key has a public_key; write "
           "another key for it"},
          {"public_key = \"-----BEGIN PUBLIC KEY-----\"",
           "gateway.toml:3: keys.main.algorithms: is missing; write what the public key is for, such as "
           "algorithms = [\"RS256\"]"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\npublic_key = \"-----BEGIN PUBLIC KEY-----\"",
           "gateway.toml:5: keys.main.public_key: stands beside a secret; write two keys, one with each"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nleeway = \"31s\"",
           "gateway.toml:5: keys.main.leeway: \"31s\" is out of bounds; write a duration from \"0s\" to "
           "\"30s\""},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nleeway = \"500ms\"",
           "gateway.toml:5: keys.main.leeway: \"500ms\" is not whole seconds; write \"1s\" or more"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nissuer = \"\"",
           "gateway.toml:5: keys.main.issuer: is empty; write a text, or leave the key out"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nrequire_exp = \"yes\"",
           "gateway.toml:5: keys.main.require_exp: expected \"on\" or \"off\", got the string \"yes\""},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nisuer = \"x\"",
           "gateway.toml:5: keys.main.isuer: unknown key; did you mean \"issuer\"?"},
      });
  expect_of_table("keys.\"a b\"", {{"secret = { env = \"CARILLON_JWT_SECRET\" }",
                                    "gateway.toml:3: keys.a b: \"a b\" is not a name; write 1 to 64 letters, "
                                    "digits, \"-\", \"_\" or \".\""}});
  expect_of_table("keys",
                  {{"main = \"hunter2\"",
                    "gateway.toml:4: keys.main: expected a table, got a string; write [keys.main], and "
                    "below it secret"}});
}

TEST(ConfigMessages, OfSecrets) {
  expect_of_table(
      "keys.main",
      {
          {"secret = \"\"", "gateway.toml:4: keys.main.secret: is empty; write secret = { env = \"NAME\" }"},
          {"secret = 12345678",
           "gateway.toml:4: keys.main.secret: expected \"text\", { env = \"NAME\" } or { file = \"path\" }, "
           "got an "
           "integer"},
          {"secret = { env = \"NOPE\" }",
           "gateway.toml:4: keys.main.secret: the environment variable NOPE is not set; set it, or write { "
           "file = "
           "\"path\" }"},
          {"secret = { file = \"nope.txt\" }",
           "gateway.toml:4: keys.main.secret: cannot read the file \"nope.txt\": No such file or directory; "
           "write "
           "the path of a readable file"},
          {"secret = { fiel = \"x\" }",
           "gateway.toml:4: keys.main.secret: unknown key \"fiel\"; did you mean \"file\"?"},
          {"secret = { password = \"x\" }",
           "gateway.toml:4: keys.main.secret: unknown key \"password\"; write { env = \"NAME\" } or { file = "
           "\"path\" }"},
          {"secret = { env = \"A\", file = \"b\" }",
           "gateway.toml:4: keys.main.secret: expected \"text\", { env = \"NAME\" } or { file = \"path\" }, "
           "got a "
           "table without exactly one of env and file"},
          {"algorithms = [\"RS256\"]\npublic_key = \"abc\"",
           "gateway.toml:5: keys.main.public_key: is not PEM; write { file = \"path\" } of a file that has "
           "\"-----BEGIN PUBLIC KEY-----\""},
          {"algorithms = [\"RS256\"]\npublic_key = \"-----BEGIN RSA PRIVATE KEY-----\"",
           "gateway.toml:5: keys.main.public_key: is a private key; write the public one, which is all that "
           "checking needs"},
      });
}

TEST(ConfigMessages, OfAnEmptyVariableAndAnEmptyFile) {
  FakeWorld world = good_world();
  world.variables["EMPTY"] = "";
  world.files["empty.txt"] = "\n";
  EXPECT_THAT(
      texts_of(load_in(world, orion_with("[keys.main]\nsecret = { env = \"EMPTY\" }")).errors),
      ElementsAre(
          "gateway.toml:4: keys.main.secret: the environment variable EMPTY is empty; give it a value"));
  EXPECT_THAT(
      texts_of(load_in(world, orion_with("[keys.main]\nsecret = { file = \"empty.txt\" }")).errors),
      ElementsAre("gateway.toml:4: keys.main.secret: the file \"empty.txt\" is empty; put the value in it"));
}

TEST(ConfigMessages, OfAProfile) {
  expect_only({
      {"[[endpoint]]\n",
       "gateway.toml:1: endpoint[0].profile: is missing; write profile = \"echo\" or \"orion\""},
      {"[[endpoint]]\nprofile = \"oroin\"",
       "gateway.toml:2: endpoint[0].profile: there is no profile \"oroin\"; did you mean \"orion\"?"},
      {"[[endpoint]]\nprofile = \"zebra\"",
       "gateway.toml:2: endpoint[0].profile: there is no profile \"zebra\"; write \"echo\" or \"orion\""},
      {"[[endpoint]]\nprofile = 1",
       "gateway.toml:2: endpoint[0].profile: expected name of a profile such as \"orion\", got the integer "
       "1"},
  });
}

TEST(ConfigMessages, OfAnEndpointsKeys) {
  expect_of_endpoint({
      {"keepalive.pign = \"1s\"",
       "gateway.toml:3: endpoint[0].keepalive.pign: unknown key; did you mean \"ping\"?"},
      {"keepalive = { pign = \"1s\" }",
       "gateway.toml:3: endpoint[0].keepalive.pign: unknown key; did you mean \"ping\"?"},
      {"kepalive.ping = \"1s\"",
       "gateway.toml:3: endpoint[0].kepalive: unknown key; did you mean \"keepalive\"?"},
      {"ping = \"1s\"", "gateway.toml:3: endpoint[0].ping: unknown key; did you mean \"keepalive.ping\"?"},
      {"lag = \"skip\"",
       "gateway.toml:3: endpoint[0].lag: expected a table with policy, bytes_max, age_max, close_code, "
       "close_reason, got the string \"skip\"; write lag.policy = …"},
      {"auth.missing.zzz = 1",
       "gateway.toml:3: endpoint[0].auth.missing.zzz: unknown key; known here: status, headers, body"},
      {"\"keepalive.ping\" = \"1s\"",
       "gateway.toml:3: endpoint[0].keepalive.ping: unknown key; known here: profile, name, path, origins, "
       "auth, "
       "source, frames, keepalive, inbound, deflate, lag, limits"},
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

TEST(ConfigMessages, OfPaths) {
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
  });
}

TEST(ConfigMessages, OfOrigins) {
  expect_of_endpoint({
      {"origins = []",
       "gateway.toml:3: endpoint[0].origins: is empty and would admit nobody; write [\"*\"] for everybody"},
      {"origins = [\"*\", \"none\"]",
       "gateway.toml:3: endpoint[0].origins: has \"*\" beside others; write [\"*\"] alone, or leave it out"},
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

TEST(ConfigMessages, OfAuth) {
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
       "gateway.toml:3: endpoint[0].auth.sources[0]: \"cookie\" is unknown; write \"bearer\" or "
       "\"query:token\""},
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
       "gateway.toml:3: endpoint[0].auth.missing.body: is not JSON at byte 1: this is not what JSON allows "
       "here; "
       "write '{\"message\":\"text\"}'"},
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

TEST(ConfigMessages, OfAJwtEndpointWithoutAnyKey) {
  EXPECT_THAT(
      texts_of(load_in({}, orion_with("")).errors),
      ElementsAre("gateway.toml:1: endpoint[0].auth.keys: there is no key to check tokens with; write "
                  "[keys.main] with secret = { env = \"CARILLON_JWT_SECRET\" }, or set CARILLON_JWT_SECRET"));
  EXPECT_THAT(texts_of(load_in({}, "[[endpoint]]\nprofile = \"echo\"").errors), IsEmpty());
}

TEST(ConfigMessages, OfWhatAnEndpointSends) {
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

TEST(ConfigMessages, OfKeepalive) {
  expect_of_endpoint({
      {"keepalive.ping = \"90s\"",
       "gateway.toml:3: endpoint[0].keepalive.timeout: 1m is less than keepalive.ping = 90s and would drop "
       "clients "
       "that were not asked yet; write at least \"90s\""},
      {"keepalive.timeout = \"29s\"",
       "gateway.toml:3: endpoint[0].keepalive.timeout: 29s is less than keepalive.ping = 30s and would drop "
       "clients "
       "that were not asked yet; write at least \"30s\""},
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

TEST(ConfigMessages, OfLagAndLimits_WireC3_C4) {
  expect_of_endpoint({
      {"lag.policy = \"skip\"",
       "gateway.toml:3: endpoint[0].lag.policy: \"skip\" needs a frame that tells a client of the gap, and "
       "this "
       "protocol has none; write \"disconnect\""},
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

TEST(ConfigMessages, OfEndpointsThatCollide) {
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

TEST(ConfigMessages, AreAllCollectedInTheOrderOfTheFile) {
  const Loaded loaded = load_good(
      "[[endpoint]]\nprofile = \"orion\"\nlimits.connections = 0\nlag.policy = \"skip\"\n"
      "[server]\ndrain = 3\n[log]\nlevle = \"info\"\n");
  std::vector<std::uint32_t> lines;
  for (const auto& error : loaded.errors) lines.push_back(error.origin.line);
  EXPECT_THAT(lines, ElementsAre(3, 4, 6, 8));
}

// Found by fuzzing: the TOML library quotes what it read, newline included.
TEST(ConfigMessages, CannotDriveATerminal) {
  for (const auto* text :
       {"a = tr\neu", "\"\\u001b[2J\" = 1", "\"\\u009b2J\" = 1", "\"a\\u007f\" = 1",
        "[[endpoint]]\nprofile = \"\\u001b\"", "[[endpoint]]\nprofile = \"orion\"\npath = \"\\u009b\""}) {
    const Loaded loaded = load_good(text);
    EXPECT_FALSE(loaded.errors.empty()) << text;
    for (const auto& message : texts_of(loaded.errors)) {
      EXPECT_EQ(message.find_first_of("\n\x1b\x7f"), std::string::npos) << message;
      EXPECT_EQ(message.find("\xC2\x9B"), std::string::npos) << message;
    }
  }
}

TEST(ConfigMessages, AreBoundedInNumber) {
  const auto with_unknown_keys = [](int count) {
    std::string text = orion_with("[server]");
    for (int i = 0; i < count; ++i) text += "k" + std::to_string(i) + " = 1\n";
    return load_good(text).errors;
  };
  EXPECT_EQ(with_unknown_keys(199).size(), 199U);
  EXPECT_EQ(with_unknown_keys(200).size(), 200U);
  const auto many = with_unknown_keys(201);
  EXPECT_EQ(many.size(), 201U);
  EXPECT_EQ(many.back().text(), "gateway.toml: and 1 more; mend these first");
}

}  // namespace
}  // namespace carillon::config

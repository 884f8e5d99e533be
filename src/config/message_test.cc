// Every message of the configuration but those of endpoints, whole: what is wrong, where, and what to
// write instead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_messages.h"

namespace carillon::config {
namespace {

using ::testing::ElementsAre;

TEST(ConfigMessages, OfAFileThatIsNotToml) {
  expect_only({
      {"a = = 1",
       "gateway.toml:1: text must be in quotes, as in a = \"text\" (not TOML: could not determine value "
       "type)"},
      {"\n\n[server\n",
       "gateway.toml:3: not TOML: Error while parsing table header: expected ']', saw '\\n'"},
      {"a = 1\na = 2\n",
       "gateway.toml:2: not TOML: Error while parsing key-value pair: cannot redefine existing integer 'a'"},
      {"\n[log]\nlevel = info",
       "gateway.toml:3: text must be in quotes, as in level = \"text\" (not TOML: expected value-terminator, "
       "saw 'o')"},
      {"[server]\nlisten = [127.0.0.1:8000]",
       "gateway.toml:2: text must be in quotes, as in listen = \"text\" (not TOML: expected ':', saw '7')"},
      {"listen = [\n  orion\n]",
       "gateway.toml:2: text must be in quotes, as in key = \"text\" (not TOML: could not determine value "
       "type)"},
      {"secret = hunter2hunter2",
       "gateway.toml:1: text must be in quotes, as in secret = \"text\" (not TOML: could not determine value "
       "type)"},
      {"secret = 123456789123456789123456789",
       "gateway.toml:1: text must be in quotes, as in secret = \"text\" (not TOML: '…' is not representable "
       "in "
       "64 bits)"},
  });
}

// Regression: an unknown key was reported after the errors that only follow from it.
TEST(ConfigMessages, OfAnUnknownKeyComesBeforeWhatFollowsFromIt) {
  FakeWorld world = good_world();
  world.files["mine.toml"] =
      "path = \"/a\"\nframes.event = '$body'\nauth.mode = \"none\"\nsource.chanels = [\"a\"]\n";
  EXPECT_THAT(texts_of(load_in(world, "[[endpoint]]\nprofile = \"mine.toml\"\n").errors),
              ElementsAre("mine.toml:4: source.chanels: unknown key; did you mean \"channels\"?",
                          "gateway.toml:1: endpoint[0].frames.event: no channel brings events for it; write "
                          "source.channels = "
                          "[\"news.*\"]"));
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
       "gateway.toml:1: zebra: unknown key; known here: server, bus, keys, api, admin, log, endpoint, route"},
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
          {"http_connections_max = 3",
           "gateway.toml:4: server.http_connections_max: 3 is out of bounds; write a number from 4 to "
           "4194304"},
          {"head_bytes_max = \"4KiB\"",
           "gateway.toml:4: server.head_bytes_max: 4KiB is less than server.request_line_bytes_max = 8KiB, "
           "which "
           "it contains; write at least that"},
          {"bodies_bytes_max = \"512KiB\"",
           "gateway.toml:4: server.bodies_bytes_max: 512KiB is less than server.body_bytes_max = 1MiB, so "
           "that such a body could never be read; write at least that"},
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
           "gateway.toml:3: keys.main: has none of secret, public_key, jwks_file, jwks_url and discovery; "
           "write secret = { env = \"CARILLON_JWT_SECRET\" }"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nalgorithms = []",
           "gateway.toml:5: keys.main.algorithms: is empty; write algorithms = [\"HS256\"]"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nalgorithms = [\"HS265\"]",
           "gateway.toml:5: keys.main.algorithms[0]: \"HS265\" is unknown; did you mean \"HS256\"?"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nalgorithms = [\"nOnE\"]",
           "gateway.toml:5: keys.main.algorithms[0]: \"none\" would admit unsigned tokens; write "
           "one of "
           "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\nalgorithms = [\"RS256\"]",
           "gateway.toml:5: keys.main.algorithms: RS256 needs a public_key or a key set, and this key has a "
           "secret; write another key for it"},
          {"public_key = \"-----BEGIN PUBLIC KEY-----\"\nalgorithms = [\"HS256\"]",
           "gateway.toml:5: keys.main.algorithms: HS256 needs a secret, and this key has a public_key; write "
           "another key for it"},
          {"public_key = \"-----BEGIN PUBLIC KEY-----\"",
           "gateway.toml:3: keys.main.algorithms: is missing; write what the public key is for, such as "
           "algorithms = [\"RS256\"]"},
          {"secret = { env = \"CARILLON_JWT_SECRET\" }\npublic_key = \"-----BEGIN PUBLIC KEY-----\"",
           "gateway.toml:5: keys.main.public_key: is given together with a secret; write two keys, one for "
           "each"},
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
           "gateway.toml:5: keys.main.public_key: is a private key; write the public key, which is all that "
           "verification needs"},
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

TEST(ConfigMessages, AreAllCollectedInTheOrderOfTheFileAfterTheUnknownKeys) {
  const Loaded loaded = load_good(
      "[[endpoint]]\nprofile = \"orion\"\nlimits.connections = 0\nlag.policy = \"skip\"\n"
      "[server]\ndrain = 3\n[log]\nlevle = \"info\"\n");
  std::vector<std::uint32_t> lines;
  for (const auto& error : loaded.errors) lines.push_back(error.origin.line);
  EXPECT_THAT(lines, ElementsAre(8, 3, 4, 6));
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
  EXPECT_EQ(many.back().text(), "gateway.toml: and 1 more; fix these first");
}

}  // namespace
}  // namespace carillon::config

// What a file, a profile and the environment come to together.
#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_environment.h"

namespace carillon::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Load, ThreeLinesAreEnough) {
  const Loaded loaded = load_good("[[endpoint]]\nprofile = \"orion\"\n");
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  EXPECT_THAT(texts_of(loaded.warnings), IsEmpty());
  ASSERT_EQ(loaded.settings.server.listen.size(), 2U);
  EXPECT_EQ(loaded.settings.server.listen[0].host, "127.0.0.1");
  EXPECT_EQ(loaded.settings.server.listen[0].port, 8000);
  EXPECT_EQ(loaded.settings.server.listen[1].host, "::1");
  EXPECT_EQ(loaded.settings.server.listen[1].port, 8000);
  EXPECT_EQ(loaded.settings.bus.url, "memory:");
  EXPECT_GE(loaded.settings.server.shards, 1U);
}

TEST(Load, TheProfileOrionIsAsPublished) {
  const Loaded loaded = load_good("[[endpoint]]\nprofile = \"orion\"\n");
  ASSERT_EQ(loaded.settings.endpoints.size(), 1U);
  const EndpointSettings& orion = loaded.settings.endpoints[0];
  EXPECT_EQ(orion.profile, "orion");
  EXPECT_EQ(orion.name, "orion");
  EXPECT_EQ(orion.path, "/ws");
  EXPECT_THAT(orion.origins, ElementsAre("*"));
  EXPECT_EQ(orion.auth.mode, AuthMode::jwt);
  ASSERT_EQ(orion.auth.sources.size(), 1U);
  EXPECT_EQ(orion.auth.sources[0].source, TokenSource::query);
  EXPECT_EQ(orion.auth.sources[0].name, "token");
  EXPECT_EQ(orion.auth.missing.status, 401);
  EXPECT_EQ(orion.auth.missing.body, R"({"message":"missing token"})");
  EXPECT_EQ(orion.auth.invalid.body, R"({"message":"invalid token"})");
  EXPECT_EQ(orion.auth.close_at_exp, std::nullopt);
  EXPECT_THAT(orion.source.channels, ElementsAre("orion.*"));
  EXPECT_EQ(orion.frames.event, R"({"channel":$channel,"payload":$body,"timestamp":$time_s})");
  EXPECT_EQ(orion.keepalive.ping, milliseconds(30000));
  EXPECT_EQ(orion.keepalive.timeout, milliseconds(60000));
  EXPECT_FALSE(orion.keepalive.data_counts);
  EXPECT_EQ(orion.inbound.message_bytes_max.value, 512U);
  EXPECT_EQ(orion.inbound.reply, InboundReply::none);
  EXPECT_EQ(orion.lag.policy, LagPolicy::disconnect);
  EXPECT_EQ(orion.lag.close.code, 1008);
  EXPECT_EQ(orion.lag.close.reason, "Slow consumer");
  EXPECT_EQ(orion.limits.connections.value, std::nullopt);
  EXPECT_EQ(orion.limits.accepts_per_ip.value, std::nullopt);
}

TEST(Load, TheProfileEchoIsForConformanceSuites) {
  const Loaded loaded = load_in({}, "[[endpoint]]\nprofile = \"echo\"\n");
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  ASSERT_EQ(loaded.settings.endpoints.size(), 1U);
  const EndpointSettings& echo = loaded.settings.endpoints[0];
  EXPECT_EQ(echo.path, "/echo");
  EXPECT_EQ(echo.auth.mode, AuthMode::none);
  EXPECT_EQ(echo.inbound.reply, InboundReply::echo);
  EXPECT_EQ(echo.inbound.message_bytes_max.value, 16U * 1024 * 1024);
  EXPECT_EQ(echo.inbound.fragments_max.value, 262144U);
  EXPECT_EQ(echo.deflate, Switch::on);
  EXPECT_THAT(loaded.notes, IsEmpty());
}

TEST(Load, EveryEmbeddedProfileLoads) {
  std::vector<std::string_view> names;
  for (const auto& profile : embedded_profiles()) {
    names.push_back(profile.name);
    const Loaded loaded = load_good("[[endpoint]]\nprofile = \"" + std::string(profile.name) + "\"\n");
    EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
    EXPECT_THAT(texts_of(loaded.warnings), IsEmpty());
  }
  EXPECT_THAT(names, Contains("orion"));
  EXPECT_THAT(names, Contains("echo"));
}

// --- layers -------------------------------------------------------------------------------------

TEST(Load, TheFileGoesBeforeTheProfileAndTheProfileBeforeTheDefault) {
  const Loaded loaded = load_good(orion_with("keepalive.ping = \"10s\""));
  const auto& orion = loaded.settings.endpoints.at(0);
  EXPECT_EQ(orion.keepalive.ping, milliseconds(10000));     // the file
  EXPECT_EQ(orion.keepalive.timeout, milliseconds(60000));  // the profile
  EXPECT_EQ(orion.lag.age_max, milliseconds(15000));        // the default
  EXPECT_EQ(orion.origin_of("keepalive.ping").text(), "gateway.toml:3");
  EXPECT_THAT(orion.origin_of("keepalive.timeout").text(), HasSubstr("profile orion:"));
  EXPECT_EQ(orion.origin_of("lag.age_max").text(), "gateway.toml:1");
}

TEST(Load, AMistakeInAProfilesFileIsReportedAtItsLineUnderTheKeyThatIsWrittenThere) {
  FakeWorld world = good_world();
  world.files["profiles/mine.toml"] =
      "path = \"/mine\"\nkeepalive.pong = \"10s\"\nacks = 1\nauth.mode = \"none\"\n";
  const Loaded loaded = load_in(world, "[[endpoint]]\nprofile = \"profiles/mine.toml\"\npath = 5\n");
  EXPECT_THAT(texts_of(loaded.errors),
              ElementsAre(HasSubstr("profiles/mine.toml:2: keepalive.pong: unknown key"),
                          HasSubstr("gateway.toml:3: endpoint[0].path: "),
                          HasSubstr("profiles/mine.toml:3: acks: ")));
}

TEST(Load, AnOverrideOfOneKeyOfATableLeavesTheOthers) {
  const Loaded loaded =
      load_good(orion_with("auth.missing = { status = 403 }\nsource = { channels = [\"a\"] }"));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  const auto& orion = loaded.settings.endpoints.at(0);
  EXPECT_EQ(orion.auth.missing.status, 403);
  EXPECT_EQ(orion.auth.missing.body, R"({"message":"missing token"})");
  EXPECT_THAT(orion.source.channels, ElementsAre("a"));
}

TEST(Load, DottedKeysInlineTablesAndTablesAreTheSame) {
  for (const auto* lines : {"keepalive.ping = \"10s\"\nkeepalive.timeout = \"20s\"",
                            "keepalive = { ping = \"10s\", timeout = \"20s\" }",
                            "[endpoint.keepalive]\nping = \"10s\"\ntimeout = \"20s\""}) {
    const Loaded loaded = load_good(orion_with(lines));
    EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
    EXPECT_EQ(loaded.settings.endpoints.at(0).keepalive.ping, milliseconds(10000)) << lines;
    EXPECT_EQ(loaded.settings.endpoints.at(0).keepalive.timeout, milliseconds(20000)) << lines;
  }
}

TEST(Load, NotesListWhatAnOverrideChangesAndThePreviousValue) {
  const Loaded loaded = load_good(
      orion_with("keepalive.ping = \"10s\"\nkeepalive.timeout = \"60s\"\nname = \"live\"\npath = \"/live\"\n"
                 "lag.bytes_max = \"64KiB\"\nlimits.connections = 5\nframes.event = '{\"type\":$channel}'"));
  EXPECT_THAT(
      loaded.notes,
      ElementsAre(
          "endpoint live: name = live (profile: orion)", "endpoint live: path = \"/live\" (profile: \"/ws\")",
          "endpoint live: keepalive.ping = 10s (profile: 30s)",
          "endpoint live: frames.event = '{\"type\":$channel}' (profile: "
          "'{\"channel\":$channel,\"payload\":$body,\"timestamp\":$time_s}')",
          "endpoint live: lag.bytes_max = 64KiB (default: 1MiB)",
          "endpoint live: limits.connections = 5 (profile: off)",
          "no endpoint has a history, so clients do not receive what was published while they were away"));
}

TEST(Load, ANoteShowsNoneForAnEmptyValue_AndNoSecret) {
  const Loaded loaded = load_good(
      orion_with("auth.channels_claim = \"channels\"\nroute_key = { env = \"CARILLON_JWT_SECRET\" }"));
  EXPECT_THAT(loaded.notes, Contains("endpoint orion: auth.channels_claim = channels (default: none)"));
  EXPECT_THAT(loaded.notes, Contains("endpoint orion: route_key = (secret) (default: none)"));
}

TEST(Load, ANoteWarnsThatAbsentClientsMissEvents) {
  EXPECT_THAT(
      load_good(orion_with("")).notes,
      ElementsAre(
          "no endpoint has a history, so clients do not receive what was published while they were away"));
}

TEST(Load, TwoEndpointsMayHaveOneProfile) {
  const Loaded loaded =
      load_good(orion_with("") + orion_with("name = \"two\"\npath = \"/two\"\nsource.channels = [\"b\"]"));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  ASSERT_EQ(loaded.settings.endpoints.size(), 2U);
  EXPECT_THAT(loaded.settings.endpoints[0].source.channels, ElementsAre("orion.*"));
  EXPECT_THAT(loaded.settings.endpoints[1].source.channels, ElementsAre("b"));
}

// --- listen, switches, secrets ------------------------------------------------------------------

std::vector<std::string> listen_of(const std::string& value) {
  const Loaded loaded = load_good(orion_with("[server]\nlisten = " + value));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  std::vector<std::string> out;
  for (const auto& listen : loaded.settings.server.listen)
    out.push_back(listen.host + " " + std::to_string(listen.port));
  return out;
}

TEST(Load, ListenTakesNumericAddressesAndLocalhost) {
  EXPECT_THAT(listen_of(R"(["127.0.0.1:8000", "[::1]:8001"])"), ElementsAre("127.0.0.1 8000", "::1 8001"));
  EXPECT_THAT(listen_of(R"("localhost:3000")"), ElementsAre("127.0.0.1 3000", "::1 3000"));
  EXPECT_THAT(listen_of(R"(["127.0.0.1:0", "127.0.0.1:0"])"), ElementsAre("127.0.0.1 0", "127.0.0.1 0"));
  EXPECT_THAT(listen_of(R"(["0.0.0.0:65535", "[::]:1"])"), ElementsAre("0.0.0.0 65535", ":: 1"));
  EXPECT_THAT(listen_of(R"("[0:0:0:0:0:0:0:1]:80")"), ElementsAre("::1 80"));
}

TEST(Load, ASwitchIsOnOrOffTrueOrFalse) {
  for (const auto& [value, expected] : std::vector<std::pair<std::string, Switch>>{
           {"\"on\"", Switch::on}, {"\"off\"", Switch::off}, {"true", Switch::on}, {"false", Switch::off}}) {
    EXPECT_EQ(load_good(orion_with("deflate = " + value)).settings.endpoints.at(0).deflate, expected);
  }
}

TEST(Load, ASecretComesFromAVariableAFileOrTheText) {
  FakeWorld world = good_world();
  world.files["one.txt"] = "from-file\n";
  world.files["two.txt"] = "from-file\r\n";
  world.files["three.txt"] = "from\nfile\n\n";
  const auto secret = [&](const std::string& value) {
    const Loaded loaded = load_in(world, orion_with("[keys.main]\nsecret = " + value));
    EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
    return std::string(loaded.settings.keys.at(0).secret.reveal());
  };
  EXPECT_EQ(secret("{ env = \"CARILLON_JWT_SECRET\" }"), kGoodSecret);
  EXPECT_EQ(secret("{ file = \"one.txt\" }"), "from-file");
  EXPECT_EQ(secret("{ file = \"two.txt\" }"), "from-file");
  EXPECT_EQ(secret("{ file = \"three.txt\" }"), "from\nfile\n");  // one newline, and only at the end
  EXPECT_EQ(secret("\"in the text\""), "in the text");
}

TEST(Load, AKeyHasItsAlgorithmsAndClaims) {
  FakeWorld world = good_world();
  world.files["issuer.pem"] = "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----\n";
  const Loaded loaded = load_in(
      world,
      orion_with(
          "auth.keys = [\"main\"]\n[keys.main]\nalgorithms = [\"RS256\", \"PS256\"]\npublic_key = { file = "
          "\"issuer.pem\" }\nkey_id = \"k1\"\nissuer = \"i\"\naudience = \"a\"\nleeway = "
          "\"30s\"\nrequire_exp = true\n[keys.other]\nsecret = { env = \"CARILLON_JWT_SECRET\" }"));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  ASSERT_EQ(loaded.settings.keys.size(), 2U);
  const KeySettings& main = loaded.settings.keys[0];
  EXPECT_EQ(main.name, "main");
  EXPECT_THAT(main.algorithms, ElementsAre("RS256", "PS256"));
  EXPECT_THAT(main.public_key_pem, HasSubstr("BEGIN PUBLIC KEY"));
  EXPECT_EQ(main.key_id, "k1");
  EXPECT_EQ(main.issuer, "i");
  EXPECT_EQ(main.audience, "a");
  EXPECT_EQ(main.leeway, seconds(30));
  EXPECT_TRUE(main.require_exp);
  EXPECT_THAT(loaded.settings.keys[1].algorithms, ElementsAre("HS256"));  // the default of a secret
  EXPECT_THAT(loaded.settings.endpoints.at(0).auth.keys, ElementsAre("main"));
}

// --- the environment ----------------------------------------------------------------------------

TEST(Load, TheEnvironmentsSecretMakesAKeyWhereTheFileHasNone) {
  const Loaded loaded = load_good(orion_with("auth.keys = [\"env\"]"));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  ASSERT_EQ(loaded.settings.keys.size(), 1U);
  EXPECT_EQ(loaded.settings.keys[0].name, "env");
  EXPECT_THAT(loaded.settings.keys[0].algorithms, ElementsAre("HS256"));
  EXPECT_EQ(loaded.settings.keys[0].secret.reveal(), kGoodSecret);
  EXPECT_EQ(loaded.settings.keys[0].origin.text(), "environment");

  const Loaded with_keys = load_good(orion_with("[keys.main]\nsecret = { env = \"CARILLON_API_KEY\" }"));
  ASSERT_EQ(with_keys.settings.keys.size(), 1U);
  EXPECT_EQ(with_keys.settings.keys[0].name, "main");
}

TEST(Load, TheEnvironmentsApiKeyIsOneMore) {
  const Loaded loaded = load_good(orion_with("[api]\nkeys = [{ env = \"CARILLON_JWT_SECRET\" }]"));
  ASSERT_EQ(loaded.settings.api.keys.size(), 2U);
  EXPECT_EQ(loaded.settings.api.keys[0].reveal(), kGoodSecret);
  EXPECT_EQ(loaded.settings.api.keys[1].reveal(), "publish-key-0123456789");
}

TEST(Load, AnEmptyVariableCountsAsNotSetAndIsReported) {
  FakeWorld world;
  world.variables["CARILLON_API_KEY"] = "";
  const Loaded loaded = load_in(world, "[[endpoint]]\nprofile = \"echo\"");
  EXPECT_THAT(loaded.settings.api.keys, IsEmpty());
  EXPECT_THAT(texts_of(loaded.warnings),
              Contains("environment: CARILLON_API_KEY: is empty and counts as not set; give it a value"));
}

// --- warnings -----------------------------------------------------------------------------------

TEST(Load, WarnsOfAnApiWithoutKeys) {
  FakeWorld world = good_world();
  world.variables.erase("CARILLON_API_KEY");
  EXPECT_THAT(texts_of(load_in(world, orion_with("")).warnings),
              ElementsAre("gateway.toml: api.keys: there is none, so POST /v1/publish answers 403; set "
                          "CARILLON_API_KEY, or write keys = [{ env = \"NAME\" }] in [api]"));
}

TEST(Load, WarnsOfSecretsInPlainTextWithoutShowingThem) {
  const Loaded loaded = load_good(orion_with(
      "[keys.main]\nsecret = \"hunter2\"\n[api]\nkeys = [\"hunter2-hunter2-hunter2\"]\n[bus]\nurl = "
      "\"redis://u:hunter2@127.0.0.1:1/0\""));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  EXPECT_THAT(
      texts_of(loaded.warnings),
      ElementsAre(
          "gateway.toml:4: keys.main.secret: is a secret in plain text; write { env = \"NAME\" } or { "
          "file = \"path\" } instead",
          "gateway.toml:6: api.keys[0]: is a secret in plain text; write { env = \"NAME\" } or { file = "
          "\"path\" } instead",
          "gateway.toml:8: bus.url: holds a password in plain text; write { env = \"NAME\" } or { file = "
          "\"path\" } instead"));
}

TEST(Load, TakesABusUrlWithAPasswordFromAVariable) {
  FakeWorld world = good_world();
  world.variables["BUS"] = "redis://u:p@127.0.0.1:6379/0";
  const Loaded loaded = load_in(world, orion_with("[bus]\nurl = { env = \"BUS\" }"));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  EXPECT_THAT(texts_of(loaded.warnings), IsEmpty());
  EXPECT_EQ(loaded.settings.bus.url, "redis://u:p@127.0.0.1:6379/0");
  EXPECT_EQ(loaded.settings.bus.origin.text(), "gateway.toml:4");
}

TEST(Load, WarnsOfAnAddressThatOtherMachinesReach) {
  EXPECT_THAT(
      texts_of(load_good(orion_with("[server]\nlisten = [\"0.0.0.0:80\", \"127.9.9.9:80\"]")).warnings),
      ElementsAre(
          "gateway.toml:4: server.listen: \"0.0.0.0:80\" can be reached from other machines without TLS, "
          "with tokens and events in the clear; give it tls = { cert = \"server.pem\", key = "
          "\"server.key\" }, put a "
          "proxy with TLS in front, or write \"127.0.0.1:80\""));
}

// A misplaced secret must not come back in a message, wherever it was put.
TEST(Load, NoMessageHoldsASecret) {
  for (const auto* lines :
       {"[keys]\nmain = \"hunter2\"", "keys = 1\n[keys.main]\nsecret = [\"hunter2\"]",
        "[keys.main]\nsecret = [\"hunter2\"]", "[keys.main]\nsecret = { env = [\"hunter2\"] }",
        "[keys.main]\nsecret = { value = \"hunter2\" }", "[keys.main]\nsecrte = \"hunter2\"",
        "[keys.main]\npublic_key = \"hunter2\"", "[api]\nkeys = \"hunter2\"", "[api]\nkeys = [[\"hunter2\"]]",
        "[api]\nkey = \"hunter2\"", "[bus]\nurl = \"hunter2\"", "[bus]\nurl = [\"redis://:hunter2@h\"]",
        "keys = \"hunter2\"", "[bus]\nurl = \"redis://:hunter2 @h\""}) {
    const Loaded loaded = load_good(orion_with(lines));
    EXPECT_FALSE(loaded.errors.empty()) << lines;
    for (const auto& text : texts_of(loaded.errors)) EXPECT_THAT(text, Not(HasSubstr("hunter2")));
    for (const auto& text : texts_of(loaded.warnings)) EXPECT_THAT(text, Not(HasSubstr("hunter2")));
    for (const auto& note : loaded.notes) EXPECT_THAT(note, Not(HasSubstr("hunter2")));
  }
}

// A fault that follows from another would send its reader astray.
TEST(Load, AFaultIsReportedOnceWithoutItsConsequences) {
  const auto count = [](const FakeWorld& world, const std::string& text) {
    return load_in(world, text).errors.size();
  };
  EXPECT_EQ(count({}, orion_with("[keys]\nmain = \"x\"")), 1U);
  EXPECT_EQ(count(good_world(), orion_with("source.channels = [\"a**\"]\nframes.event = '$nothing'")), 2U);
  EXPECT_EQ(count(good_world(), orion_with("[keys.main]\nsecret = { env = \"NOPE\" }")), 1U);
  EXPECT_EQ(count(good_world(), "[[endpoint]]\nprofile = \"zebra\"\n"), 1U);
}

}  // namespace
}  // namespace carillon::config

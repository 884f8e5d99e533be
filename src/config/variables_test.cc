// CARILLON_SERVER_SHARDS and its like: options that the environment sets.
#include "config/variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_environment.h"

namespace carillon::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Variables = std::map<std::string, std::string>;

Loaded load_with(const Variables& variables, std::string_view text = orion_with("")) {
  FakeWorld world = good_world();
  for (const auto& [name, value] : variables) world.variables[name] = value;
  return load_in(world, text);
}

TEST(Variables, EveryTypeOfOptionCanBeSet) {
  const Loaded loaded = load_with({{"CARILLON_SERVER_SHARDS", "3"},
                                   {"CARILLON_SERVER_DRAIN", "7s"},
                                   {"CARILLON_SERVER_BODY_BYTES_MAX", "2MiB"},
                                   {"CARILLON_SERVER_HTTP_CONNECTIONS_PER_IP", "off"},
                                   {"CARILLON_SERVER_LISTEN", R"(["0.0.0.0:9000", "[::]:9000"])"},
                                   {"CARILLON_BUS_URL", "redis://10.0.0.7:6379"},
                                   {"CARILLON_LOG_LEVEL", "debug"}});
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  const ServerSettings& server = loaded.settings.server;
  EXPECT_EQ(server.shards, 3U);
  EXPECT_EQ(server.drain, seconds(7));
  EXPECT_EQ(server.body_bytes_max, 2U * 1024 * 1024);
  EXPECT_FALSE(server.http_connections_per_ip.value.has_value());
  EXPECT_EQ(server.listen.size(), 2U);
  EXPECT_EQ(loaded.settings.bus.url, "redis://10.0.0.7:6379");
  EXPECT_EQ(loaded.settings.log.level, "debug");
}

TEST(Variables, OneComesBeforeTheFileAndIsNoted) {
  const Loaded loaded = load_with({{"CARILLON_SERVER_SHARDS", "3"}}, orion_with("[server]\nshards = 2\n"));
  EXPECT_EQ(loaded.settings.server.shards, 3U);
  EXPECT_THAT(loaded.notes, Contains("server.shards = 3 (CARILLON_SERVER_SHARDS)"));
}

TEST(Variables, KeysAndEndpointsAreCalledByTheirNames) {
  const Loaded loaded = load_with({{"CARILLON_KEYS_ID_2026_ISSUER", "https://id.example.com"},
                                   {"CARILLON_KEYS_ID_2026_SECRET", std::string(kGoodSecret)},
                                   {"CARILLON_ENDPOINT_ORION_KEEPALIVE_PING", "11s"}},
                                  "[keys.id-2026]\n" + orion_with(""));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  EXPECT_EQ(loaded.settings.keys[0].issuer, "https://id.example.com");
  EXPECT_EQ(loaded.settings.endpoints[0].keepalive.ping, seconds(11));
}

TEST(Variables, ASecretIsNeverInANote) {
  const Loaded loaded =
      load_with({{"CARILLON_KEYS_MAIN_SECRET", std::string(kGoodSecret)}}, "[keys.main]\n" + orion_with(""));
  EXPECT_EQ(loaded.settings.keys[0].secret.reveal(), kGoodSecret);
  for (const std::string& note : loaded.notes) EXPECT_EQ(note.find(kGoodSecret), std::string::npos) << note;
}

TEST(Variables, ASecretInOneIsNotInPlainText) {
  const Loaded loaded = load_with({{"CARILLON_KEYS_MAIN_SECRET", std::string(kGoodSecret)},
                                   {"CARILLON_BUS_URL", "redis://:password@10.0.0.7"}},
                                  "[keys.main]\n" + orion_with(""));
  EXPECT_THAT(texts_of(loaded.warnings), IsEmpty());
}

TEST(Variables, AMistakeNamesTheVariableAndTheOption) {
  EXPECT_THAT(texts_of(load_with({{"CARILLON_SERVER_SHARDS", "many"}}).errors),
              ElementsAre(HasSubstr("CARILLON_SERVER_SHARDS: server.shards: ")));
}

TEST(Variables, AnUnknownOneIsWarnedOfWithTheNearest) {
  const Loaded loaded = load_with({{"CARILLON_SERVER_SHRADS", "3"}, {"CARILLON_BUS_URL", ""}});
  EXPECT_THAT(texts_of(loaded.warnings),
              ElementsAre("CARILLON_BUS_URL: is empty and counts as not set; give it a value",
                          "CARILLON_SERVER_SHRADS: is no option's variable and has no effect; did you mean "
                          "CARILLON_SERVER_SHARDS?"));
}

TEST(Variables, WhatOtherProgramsSetIsNotWarnedOf) {
  const Loaded loaded = load_with({{"CARILLON_TOKEN", "x"},
                                   {"CARILLON_SERVER_SERVICE_HOST", "10.0.0.1"},
                                   {"CARILLON_SERVER_PORT", "tcp://10.0.0.1:80"},
                                   {"CARILLON_SERVER_PORT_80_TCP", "tcp://10.0.0.1:80"}});
  EXPECT_THAT(texts_of(loaded.warnings), IsEmpty());
}

TEST(Variables, OneThatTheFileNamesIsKnown) {
  const Loaded loaded =
      load_with({{"CARILLON_KEYS_OF_MINE", std::string(kGoodSecret)}},
                "[keys.main]\nsecret = { env = \"CARILLON_KEYS_OF_MINE\" }\n" + orion_with(""));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  EXPECT_THAT(texts_of(loaded.warnings), IsEmpty());
}

TEST(EffectiveText, EachValueIsShownWithItsSource) {
  const Loaded loaded =
      load_with({{"CARILLON_LOG_LEVEL", "debug"}}, "[server]\nshards = 2\n" + orion_with(""));
  const std::string text = effective_text(loaded);
  const auto line = [&text](std::string_view key) {
    const std::size_t begin = text.find(std::string(key) + " = ");
    std::string found = text.substr(begin, text.find('\n', begin) - begin);
    const std::size_t comment = found.find('#');
    return found.substr(0, found.find_last_not_of(' ', comment - 1) + 1) + " " + found.substr(comment);
  };
  EXPECT_EQ(line("shards"), "shards = 2 # gateway.toml:2");
  EXPECT_EQ(line("drain"), "drain = \"8s\" # default");
  EXPECT_EQ(line("level"), "level = \"debug\" # CARILLON_LOG_LEVEL");
  EXPECT_THAT(line("keepalive.ping"), HasSubstr("\"30s\" # profile orion:"));
  EXPECT_EQ(text.find(kGoodSecret), std::string::npos) << "a secret is not shown";
}

}  // namespace
}  // namespace carillon::config

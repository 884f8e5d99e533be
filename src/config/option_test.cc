// The table of options: each is reachable from a file, documented, and has a default that it accepts.
#include "config/option.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "config/options.h"
#include "config/test_environment.h"

namespace carillon::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

FakeWorld world_of_examples() {
  FakeWorld world = good_world();
  world.variables["NAME"] = kGoodSecret;
  world.files["ca.pem"] = "-----BEGIN CERTIFICATE-----\n";
  world.files["issuer.pem"] = "-----BEGIN PUBLIC KEY-----\n";
  world.files["jwks.json"] = "{}";
  return world;
}

std::string file_with(const Section& section, std::string_view key, std::string_view value) {
  const std::string line = std::string(key) + " = " + std::string(value) + "\n";
  const std::string main = "[keys.main]\n";
  const std::string secret = "secret = { env = \"NAME\" }\n";
  const std::string endpoint = "[[endpoint]]\n";
  const std::string orion = "profile = \"orion\"\n";
  if (section.table == "[[endpoint]]")
    return main + secret + endpoint + (key == "profile" ? "" : orion) + line;
  if (section.table == "[[endpoint.history]]" || section.table == "[[endpoint.lag.overrides]]")
    return main + secret + endpoint + orion + std::string(section.table) + "\n" + line;
  if (section.table != "[keys.<name>]")
    return main + secret + std::string(section.table) + "\n" + line + endpoint + orion;
  if (key == "secret") return main + line + endpoint + orion;
  const bool is_public = key == "public_key" || key == "jwks_url" || key == "jwks_file" || key == "discovery";
  const std::string issuer = key == "discovery" ? "issuer = \"https://id.example.com\"\n" : "";
  const std::string others = is_public ? "algorithms = [\"RS256\"]\n" + issuer : secret;
  return main + line + others + endpoint + orion;
}

// What the option shows once `text` has been loaded.
std::string shown_after(const Loaded& loaded, const std::string& table, std::string_view key) {
  Subjects subjects{loaded.settings, loaded.settings.keys.at(0), loaded.settings.endpoints.at(0), {}, {}, {}};
  if (!subjects.endpoint.history.empty()) subjects.history = subjects.endpoint.history.at(0);
  const auto& overrides = subjects.endpoint.lag.overrides;
  if (!overrides.empty()) subjects.lag_override = overrides.at(0);
  if (!loaded.settings.routes.empty()) subjects.route = loaded.settings.routes.at(0);
  for (const auto& section : sections(subjects)) {
    if (section.table != table) continue;
    for (const auto& option : section.options) {
      if (option.key == key) return option.show();
    }
  }
  return "";
}

// Whether an example of it makes sense only with other options: then other checks complain, but it is read.
bool needs_others(std::string_view key) {
  for (const std::string_view beginning :
       {"commands.", "select.", "source.broadcast", "auth.channels_claim", "acks", "client_publish",
        "keepalive.frame", "keepalive.drop", "inbound.rate.over", "resume.", "lag.overrides"}) {
    if (key.starts_with(beginning)) return true;
  }
  return false;
}

TEST(Options, EachIsReachableFromAFile) {
  const FakeWorld world = world_of_examples();
  Subjects subjects;
  std::size_t count = 0;
  for (const auto& section : sections(subjects)) {
    for (const auto& option : section.options) {
      const std::string text = file_with(section, option.key, option.example);
      const Loaded loaded = load_in(world, text);
      ASSERT_EQ(loaded.settings.keys.empty(), false) << text;
      ASSERT_EQ(loaded.settings.endpoints.empty(), false) << text;
      for (const auto& error : loaded.errors) {
        if (needs_others(option.key)) continue;
        EXPECT_THAT(error.key, Not(HasSubstr(option.key))) << error.text();
      }
      const std::string shown = shown_after(loaded, std::string(section.table), option.key);
      if (option.example.find("{ env") == std::string::npos &&
          option.example.find("{ file") == std::string::npos) {
        EXPECT_EQ(shown, option.example) << text;
      } else {
        EXPECT_THAT(shown, HasSubstr("(")) << text;  // "(secret)", "(PEM)"
      }
      ++count;
    }
  }
  EXPECT_GT(count, 60U);
}

TEST(Options, AnEndpointsAreReadNestedAsWellAsDotted) {
  const FakeWorld world = world_of_examples();
  Subjects subjects;
  for (const auto& option : endpoint_options(subjects.endpoint)) {
    const auto dot = option.key.rfind('.');
    if (dot == std::string_view::npos) continue;
    const std::string text =
        "[keys.main]\nsecret = { env = \"NAME\" }\n[[endpoint]]\nprofile = \"orion\"\n[endpoint." +
        std::string(option.key.substr(0, dot)) + "]\n" + std::string(option.key.substr(dot + 1)) + " = " +
        option.example + "\n";
    if (option.key == "auth.api_keys") continue;  // shown as "(secret)"
    EXPECT_EQ(shown_after(load_in(world, text), "[[endpoint]]", option.key), option.example) << text;
  }
}

// Where the default is a value (and not words, or nothing), writing it changes nothing.
TEST(Options, EachTakesItsOwnDefault) {
  const FakeWorld world = world_of_examples();
  const std::set<std::string_view> in_words = {
      "profile", "name",      "path",    "control", "algorithms", "auth.keys",       "auth.algorithms",
      "url",     "route_key", "channel", "id",      "key",        "connections_max", "policy"};
  Subjects subjects;
  for (const auto& section : sections(subjects)) {
    for (const auto& option : section.options) {
      if (in_words.contains(option.key) || option.default_text == "\"\"" || option.default_text == "[]")
        continue;
      const Loaded loaded = load_in(world, file_with(section, option.key, option.default_text));
      ASSERT_FALSE(loaded.settings.endpoints.empty()) << option.key << " = " << option.default_text;
      for (const auto& error : loaded.errors) {
        if (needs_others(option.key)) continue;
        EXPECT_THAT(error.key, Not(HasSubstr(option.key))) << error.text();
      }
      if (option.key == "shards") continue;           // "auto" becomes the number of cores
      if (option.key == "token_bytes_max") continue;  // "auto" becomes a size
      EXPECT_EQ(shown_after(loaded, std::string(section.table), option.key), option.default_text);
    }
  }
}

TEST(Options, EachHasHelpOfOneLineAndAUniqueKey) {
  Subjects subjects;
  std::set<std::string> seen;
  for (const auto& section : sections(subjects)) {
    for (const auto& option : section.options) {
      EXPECT_FALSE(option.help.empty()) << option.key;
      EXPECT_EQ(option.help.find('\n'), std::string_view::npos) << option.key;
      EXPECT_FALSE(option.type.empty()) << option.key;
      EXPECT_TRUE(seen.insert(std::string(section.prefix) + std::string(option.key)).second) << option.key;
    }
  }
}

// --- bounds: at limit -1, limit, limit +1 -------------------------------------------------------

struct Bound {
  const char* table;  // "" for an endpoint
  const char* key;
  std::vector<const char*> inside;
  std::vector<const char*> outside;
};

TEST(Options, HoldTheirBounds) {
  const std::vector<Bound> bounds = {
      {"server", "shards", {"1", "2", "255", "256", "\"auto\""}, {"0", "257", "-1"}},
      {"server",
       "drain",
       {"\"10ms\"", "\"11ms\"", "\"3599s\"", "\"1h\""},
       {"\"9ms\"", "\"3601s\"", "\"0s\""}},
      {"server", "drain_delay", {"\"0s\"", "\"1ms\"", "\"3599s\"", "\"1h\""}, {"\"3601s\"", "\"off\"", "0"}},
      {"server", "drain_rate", {"1", "2", "999999", "1000000"}, {"0", "1000001", "\"off\""}},
      {"bus",
       "address_check_interval",
       {"\"10ms\"", "\"11ms\"", "\"3599s\"", "\"1h\"", "\"off\""},
       {"\"9ms\"", "\"3601s\"", "\"0s\""}},
      {"server", "accepts_rate", {"1", "2", "999999", "1000000", "\"off\""}, {"0", "1000001", "-1"}},
      {"", "limits.failed_auth_weight", {"1", "2", "999", "1000", "\"off\""}, {"0", "1001"}},
      {"server", "headers_max", {"8", "9", "1023", "1024"}, {"7", "1025"}},
      {"server", "token_bytes_max", {"64", "65", "8168", "8169", "\"auto\""}, {"63", "65537", "0"}},
      {"server", "token_cache_max", {"1", "2", "4194303", "4194304"}, {"0", "4194305"}},
      {"server", "connections_max", {"1", "2", "4194303", "4194304"}, {"0", "4194305"}},
      {"server", "send_buffer_bytes", {"4096", "\"auto\"", "\"64MiB\""}, {"0", "4095", "67108865"}},
      {"bus", "event_bytes_max", {"1", "2", "1073741823", "\"1GiB\""}, {"0", "1073741825"}},
      {"api", "batch_max", {"1", "2", "9999", "10000"}, {"0", "10001"}},
      {"log", "queue_lines_max", {"16", "17", "1048575", "1048576"}, {"15", "1048577"}},
      {"", "inbound.message_bytes_max", {"1", "1073741823", "1073741824", "\"off\""}, {"0", "1073741825"}},
      {"", "inbound.fragments_max", {"1", "2", "16777215", "16777216", "\"off\""}, {"0", "16777217"}},
      {"", "inbound.rate.messages", {"1", "2", "9999", "10000", "\"off\""}, {"0", "10001"}},
      {"", "inbound.rate.window", {"\"10ms\"", "\"11ms\"", "\"1h\""}, {"\"9ms\"", "\"3601s\"", "\"off\""}},
      {"", "select.sets_max", {"1", "2", "63", "64"}, {"0", "65"}},
      {"", "limits.channels", {"1", "2", "65534", "65535"}, {"0", "65536"}},
      {"server", "channels_max", {"1", "2", "49999999", "50000000"}, {"0", "50000001"}},
      {"", "lag.bytes_max", {"1024", "1025", "\"1GiB\""}, {"1023", "1073741825"}},
      {"", "lag.grace", {"\"10ms\"", "\"11ms\"", "\"1h\""}, {"\"9ms\"", "\"3601s\"", "\"off\""}},
      {"server", "backlog_bytes_max", {"\"16MiB\"", "16777217", "\"auto\""}, {"0", "16777215", "\"off\""}},
      {"server", "history_bytes_max", {"\"1MiB\"", "1048577", "\"auto\""}, {"0", "1048575", "\"off\""}},
      {"server", "history_channels_max", {"1", "2", "99999999", "100000000"}, {"0", "100000001"}},
      {"", "resume.timeout", {"\"1s\"", "\"1001ms\"", "\"1h\""}, {"\"999ms\"", "\"3601s\"", "\"off\""}},
      {"", "history", {"{ events = 1 }", "{ events = 1000000 }"}, {"{ events = 0 }", "{ events = 1000001 }"}},
      {"",
       "history",
       {"{ age = \"100ms\" }", "{ age = \"168h\" }"},
       {"{ age = \"99ms\" }", "{ age = \"169h\" }"}},
      {"",
       "history",
       {"{ bytes = 1024 }", "{ bytes = \"1GiB\" }"},
       {"{ bytes = 1023 }", "{ bytes = \"2GiB\" }"}},
      {"", "auth.close_at_exp", {"1008", "4000", "\"off\""}, {"0", "1015", "1016"}},
      {"", "auth.missing.status", {"400", "401", "598", "599"}, {"399", "600"}},
      {"",
       "limits.accepts_window",
       {"\"100ms\"", "\"101ms\"", "\"24h\""},
       {"\"99ms\"", "\"86401s\"", "\"off\""}},
  };
  for (const auto& [table, key, inside, outside] : bounds) {
    const auto errors = [table = std::string(table), key = std::string(key)](const char* value) {
      const std::string line = key + " = " + value + "\n";
      return texts_of(load_good(orion_with(table.empty() ? line : "[" + table + "]\n" + line)).errors);
    };
    for (const auto* value : inside) EXPECT_THAT(errors(value), IsEmpty()) << key << " = " << value;
    for (const auto* value : outside) EXPECT_EQ(errors(value).size(), 1U) << key << " = " << value;
  }
}

TEST(Options, ALimitIsANumberOfAtLeastOneOrOff) {
  for (const std::string key : {"limits.connections", "limits.accepts_per_ip"}) {
    const auto load_with = [&](const std::string& value) {
      return load_good(orion_with(key + " = " + value));
    };
    for (const auto* value : {"1", "2", "999999999", "1000000000", "\"off\""}) {
      EXPECT_THAT(texts_of(load_with(value).errors), IsEmpty()) << key << " = " << value;
    }
    for (const auto* value : {"-1", "1000000001", "\"on\"", "1.0", "true", "\"1\""}) {
      EXPECT_EQ(load_with(value).errors.size(), 1U) << key << " = " << value;
    }
    ASSERT_EQ(load_with("0").errors.size(), 1U);
    EXPECT_EQ(load_with("0").errors[0].message, "0 never means unlimited; write \"off\"");
  }
}

// RFC 6455 sections 5.5 and 7.4: a reason has at most 123 bytes, and not every code may be sent.
TEST(Options, EveryCloseCodeMayBeSentAndEveryReasonFitsIntoItsFrame) {
  const auto errors = [](const std::string& line) { return load_good(orion_with(line)).errors.size(); };
  const auto text = [](std::size_t bytes) { return " = \"" + std::string(bytes, 'x') + "\""; };
  Subjects subjects;
  int codes = 0;
  int reasons = 0;
  for (const auto& each : endpoint_options(subjects.endpoint)) {
    const std::string key(each.key);
    if (key.ends_with("_code")) {
      ++codes;
      for (const auto* code : {"1000", "1003", "1007", "1014", "3000", "4999"}) {
        EXPECT_EQ(errors(key + " = " + code), 0U) << key << " = " << code;
      }
      for (const auto* code : {"999", "1004", "1006", "1010", "1015", "2999", "5000", "65536", "66544"}) {
        EXPECT_EQ(errors(key + " = " + code), 1U) << key << " = " << code;
      }
    }
    if (key.ends_with("_reason")) {
      ++reasons;
      for (const std::size_t bytes : {0U, 122U, 123U}) EXPECT_EQ(errors(key + text(bytes)), 0U) << key;
      EXPECT_EQ(errors(key + text(124)), 1U) << key;
      EXPECT_EQ(errors(key + " = \"a\\nb\""), 1U) << key;
    }
  }
  EXPECT_EQ(codes, 10);  // at the end of a token the code is auth.close_at_exp
  EXPECT_EQ(reasons, codes + 1);
}

TEST(Options, TextsAndListsHoldTheirBounds) {
  const auto errors = [](const std::string& line) { return load_good(orion_with(line)).errors.size(); };
  const auto list = [](std::size_t count) {
    std::string out = "[";
    for (std::size_t i = 0; i < count; ++i) out += "\"a" + std::to_string(i) + "\",";
    return out + "]";
  };
  EXPECT_EQ(errors("path = \"/" + std::string(253, 'x') + "\""), 0U);
  EXPECT_EQ(errors("path = \"/" + std::string(254, 'x') + "\""), 0U);
  EXPECT_EQ(errors("path = \"/" + std::string(255, 'x') + "\""), 1U);
  EXPECT_EQ(errors("name = \"" + std::string(63, 'x') + "\""), 0U);
  EXPECT_EQ(errors("name = \"" + std::string(64, 'x') + "\""), 0U);
  EXPECT_EQ(errors("name = \"" + std::string(65, 'x') + "\""), 1U);
  EXPECT_EQ(errors("source.channels = " + list(255)), 0U);
  EXPECT_EQ(errors("source.channels = " + list(256)), 0U);
  EXPECT_EQ(errors("source.channels = " + list(257)), 1U);
}

TEST(Options, KeysAndEndpointsHoldTheirBounds) {
  const auto with_keys = [](int count) {
    std::string text = orion_with("");
    for (int i = 0; i < count; ++i)
      text += "[keys.k" + std::to_string(i) + "]\nsecret = { env = \"CARILLON_API_KEY\" }\n";
    return texts_of(load_good(text).errors);
  };
  EXPECT_THAT(with_keys(63), IsEmpty());
  EXPECT_THAT(with_keys(64), IsEmpty());
  EXPECT_THAT(with_keys(65), ::testing::Contains("gateway.toml:4: keys: has 65 keys; write at most 64"));
  const auto with_endpoints = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      const std::string n = std::to_string(i);
      text += orion_with("name = \"e" + n + "\"\npath = \"/" + n + "\"");
    }
    return texts_of(load_good(text).errors);
  };
  EXPECT_THAT(with_endpoints(249), IsEmpty());
  EXPECT_THAT(with_endpoints(250), IsEmpty());
  EXPECT_THAT(with_endpoints(251),
              ::testing::ElementsAre("gateway.toml:1: endpoint: has 251 tables; write at most 250"));
}

// --- explain and the page -----------------------------------------------------------------------

TEST(Explain, ExplainsOneOption) {
  const std::string expected =
      "server.drain\n"
      "    longest time over which a shutdown spreads its close frames; up to 2s more for the last "
      "bytes\n"
      "    type:    duration, 10ms to 1h\n"
      "    default: \"8s\"\n"
      "    applies: at a reload\n"
      "    variable: CARILLON_SERVER_DRAIN\n"
      "    example: drain = \"30s\"\n";
  EXPECT_EQ(explain_options("server.drain").value(), expected);
}

TEST(Explain, TakesATableAnEndpointsKeyAndAKeysName) {
  EXPECT_THAT(explain_options("server").value(), HasSubstr("server.head_bytes_max\n"));
  EXPECT_THAT(explain_options("server.").value(), Not(HasSubstr("bus.url\n")));
  EXPECT_THAT(explain_options("keepalive.ping").value(), HasSubstr("endpoint.keepalive.ping\n"));
  EXPECT_EQ(explain_options("endpoint[3].keepalive.ping").value(), explain_options("keepalive.ping").value());
  EXPECT_THAT(explain_options("keys.main.secret").value(), HasSubstr("keys.<name>.secret\n"));
  EXPECT_THAT(explain_options("endpoint[3].route[1].path").value(), HasSubstr("route.path\n"));
  EXPECT_EQ(explain_options("endpoint[3].route[1].path").value(), explain_options("route[1].path").value());
  EXPECT_THAT(explain_options("CARILLON_JWT_SECRET").value(), HasSubstr("(environment)"));
}

TEST(Explain, ExplainsAllAndNamesTheNearestOfAnUnknownOne) {
  for (const auto* key : {"server.listen", "bus.url", "keys.<name>.secret", "api.keys", "log.level",
                          "endpoint.path", "route.path", "CARILLON_JWT_SECRET", "CARILLON_API_KEY"}) {
    EXPECT_THAT(explain_options("").value(), HasSubstr(std::string(key)));
  }
  EXPECT_EQ(explain_options("serve.drain").error().message,
            "there is no option \"serve.drain\"; did you mean \"server.drain\"?");
  EXPECT_EQ(explain_options("zebra").error().message, "there is no option \"zebra\"");
}

TEST(Explain, ThePageInDocsIsCurrent) {
  const auto page = std::filesystem::path(CARILLON_SOURCE_DIR) / "docs/configuration.md";
  if (std::getenv("CARILLON_UPDATE_DOCS") != nullptr) std::ofstream(page) << configuration_page();
  std::stringstream text;
  text << std::ifstream(page).rdbuf();
  EXPECT_EQ(text.str(), configuration_page()) << "renew it: CARILLON_UPDATE_DOCS=1 config_test";
}

}  // namespace
}  // namespace carillon::config

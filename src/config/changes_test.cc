// Two configurations compared, and what of the new one a running process uses.
#include "config/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/options.h"
#include "config/test_environment.h"

namespace carillon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view kEndpoint = "[[endpoint]]\nprofile = \"orion\"\nname = \"live\"\n";

Settings settings_of(std::string_view text, const FakeWorld& world = good_world()) {
  Loaded loaded = load_in(world, text);
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty()) << text;
  return std::move(loaded.settings);
}

Settings with(std::string_view before, std::string_view of_endpoint = "") {
  return settings_of(std::string(before) + "\n" + std::string(kEndpoint) + std::string(of_endpoint));
}

std::vector<std::string> texts_of(const std::vector<Change>& changes) {
  std::vector<std::string> texts;
  for (const Change& each : changes) {
    texts.push_back(each.key + ": " + each.before + " -> " + each.now + " at a " +
                    std::string(name_of(each.applies)));
  }
  return texts;
}

TEST(Changes, OfASettingsWithItselfThereAreNone) {
  EXPECT_THAT(changes_between(with(""), with("")), IsEmpty());
}

TEST(Changes, AreNamedWithBothValuesAndWithWhenTheyApply) {
  const auto changes =
      changes_between(with("[server]\nshards = 2\ndrain = \"1s\"\n"),
                      with("[server]\nshards = 4\ndrain = \"2s\"\n", "limits.channels = 7\n"));
  EXPECT_THAT(texts_of(changes),
              ElementsAre("server.shards: 2 -> 4 at a restart", "server.drain: \"1s\" -> \"2s\" at a reload",
                          "endpoint[live].limits.channels: 128 -> 7 at a reload"));
}

TEST(Changes, OfASecretAreFoundAndNotShown) {
  FakeWorld rotated = good_world();
  rotated.variables["CARILLON_JWT_SECRET"] = "another-secret-another-secret-another";
  rotated.variables["CARILLON_API_KEY"] = "another-key-0123456789";
  const auto changes = changes_between(with(""), settings_of(kEndpoint, rotated));
  EXPECT_THAT(texts_of(changes), ElementsAre("keys.env.secret: \"(secret)\" -> \"(secret)\" at a reload",
                                             "api.keys: [\"(secret)\"] -> [\"(secret)\"] at a reload"));
}

TEST(Changes, OfTheKeyOfARouteAreFoundAndNotShown) {
  const auto route = [](std::string_view key) {
    return with("[[route]]\npath = \"/in\"\nchannel = \"orion.in\"\nkey = \"" + std::string(key) + "\"\n");
  };
  const auto changes = changes_between(route("first-key-0123456789"), route("other-key-0123456789"));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].key, "route");
  EXPECT_THAT(changes[0].before + changes[0].now, Not(HasSubstr("-key-")));
}

TEST(Changes, NameTheKeysAndEndpointsThatComeAndGo) {
  const std::string two =
      "[keys.old]\nsecret = \"0123456789abcdef0123456789abcdef\"\n" + std::string(kEndpoint);
  const std::string one =
      "[keys.new]\nsecret = \"0123456789abcdef0123456789abcdef\"\n"
      "[[endpoint]]\nprofile = \"orion\"\nname = \"other\"\n";
  EXPECT_THAT(
      texts_of(changes_between(settings_of(two), settings_of(one))),
      ElementsAre("keys.old: used -> none at a reload", "keys.new: none -> used at a reload",
                  "endpoint[live]: /ws -> none at a restart", "endpoint[other]: none -> /ws at a restart"));
}

TEST(Changes, OfTheProfileHideWhatFollowsFromThem) {
  const auto other = settings_of("[[endpoint]]\nprofile = \"service\"\nname = \"live\"\n");
  EXPECT_THAT(texts_of(changes_between(with(""), other)),
              ElementsAre("endpoint[live].profile: orion -> service at a restart"));
}

// Each option, changed by hand: after a reload the new value is there, or the old one where a restart is
// needed.
TEST(Applicable, HasTheNewValueOfEachOptionThatAReloadApplies) {
  const Settings running = with("");
  Settings wanted = with("");
  const auto check = [](const std::vector<Option>& before, const std::vector<Option>& now,
                        const std::vector<Option>& result) {
    for (std::size_t i = 0; i < now.size(); ++i) {
      const std::vector<Option>& expected = now[i].applies == Applies::at_reload ? now : before;
      EXPECT_TRUE(result[i].is_as_in(expected[i])) << now[i].key;
    }
  };
  wanted.server.drain = seconds(77);
  wanted.server.shards = running.server.shards + 1;
  wanted.server.memory_limit = 1 << 30;
  wanted.server.connections_max = 5;
  wanted.bus.url = "redis://127.0.0.1:1";
  wanted.api.batch_max = 7;
  wanted.log.level = "debug";
  wanted.endpoints[0].path = "/other";
  wanted.endpoints[0].keepalive.ping = milliseconds(123);
  wanted.endpoints[0].frames.event = "{}";
  wanted.endpoints[0].select.by = SelectBy::commands;
  Settings result = applicable(running, wanted);
  Settings before = running;
  check(server_options(before.server), server_options(wanted.server), server_options(result.server));
  check(bus_options(before.bus), bus_options(wanted.bus), bus_options(result.bus));
  check(api_options(before.api), api_options(wanted.api), api_options(result.api));
  check(log_options(before.log), log_options(wanted.log), log_options(result.log));
  check(endpoint_options(before.endpoints[0]), endpoint_options(wanted.endpoints[0]),
        endpoint_options(result.endpoints[0]));
  EXPECT_EQ(result.server.drain, seconds(77));
  EXPECT_EQ(result.server.shards, running.server.shards);
  EXPECT_EQ(result.endpoints[0].path, running.endpoints[0].path);
}

TEST(Applicable, KeepsTheEndpointsOfTheRunningProcessInTheirOrder) {
  const auto endpoint = [](std::string_view name, std::string_view path, int channels) {
    return "[[endpoint]]\nprofile = \"orion\"\nname = \"" + std::string(name) + "\"\npath = \"" +
           std::string(path) + "\"\nlimits.channels = " + std::to_string(channels) + "\n";
  };
  const Settings running = settings_of(endpoint("a", "/a", 1) + endpoint("b", "/b", 2));
  const Settings wanted = settings_of(endpoint("c", "/c", 3) + endpoint("b", "/b", 4));
  const Settings result = applicable(running, wanted);
  ASSERT_EQ(result.endpoints.size(), 2U);
  EXPECT_EQ(result.endpoints[0].name, "a");
  EXPECT_EQ(result.endpoints[0].limits.channels, 1U);
  EXPECT_EQ(result.endpoints[1].name, "b");
  EXPECT_EQ(result.endpoints[1].limits.channels, 4U);
}

TEST(Applicable, HasTheNewCertificateOfAnAddressThatStays) {
  const auto listening = [](std::string_view host, std::string_view certificate) {
    Settings settings = with("");
    auto tls = std::make_shared<ListenTls>();
    tls->cert_pem = certificate;
    settings.server.listen = {{std::string(host), 8443, {}, ProxyProtocol::off, tls}};
    return settings;
  };
  const Settings renewed = applicable(listening("127.0.0.1", "old"), listening("127.0.0.1", "new"));
  EXPECT_EQ(renewed.server.listen[0].tls->cert_pem, "new");
  EXPECT_THAT(texts_of(changes_between(listening("127.0.0.1", "old"), listening("127.0.0.1", "new"))),
              ElementsAre("server.listen[127.0.0.1:8443].tls: (PEM) -> (another PEM) at a reload"));
  const Settings moved = applicable(listening("127.0.0.1", "old"), listening("127.0.0.2", "new"));
  EXPECT_EQ(moved.server.listen[0].host, "127.0.0.1");
  EXPECT_EQ(moved.server.listen[0].tls->cert_pem, "old");
}

}  // namespace
}  // namespace carillon::config

// The proxy settings: which proxies are trusted, and by which header or protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/listen_kind.h"
#include "config/test_messages.h"

namespace carillon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Loaded load_server(const std::string& lines) {
  Loaded loaded = load_good(orion_with("[server]\n" + lines));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  return loaded;
}

TEST(Proxies, NoProxyIsTrustedByDefault) {
  const ServerSettings server = load_server("").settings.server;
  EXPECT_TRUE(server.trusted_proxies.empty());
  EXPECT_EQ(server.client_address, ClientAddress::peer);
  EXPECT_EQ(server.listen.at(0).proxy_protocol, ProxyProtocol::off);
}

TEST(Proxies, AreRangesOfBothFamilies) {
  const Loaded loaded =
      load_server("trusted_proxies = [\"10.0.0.0/8\", \"::1\"]\nclient_address = \"forwarded\"");
  const ServerSettings& server = loaded.settings.server;
  ASSERT_EQ(server.trusted_proxies.size(), 2U);
  EXPECT_EQ(server.trusted_proxies[0].text(), "10.0.0.0/8");
  EXPECT_EQ(server.trusted_proxies[1].text(), "::1/128");
  EXPECT_EQ(server.client_address, ClientAddress::forwarded);
  EXPECT_THAT(texts_of(loaded.warnings), IsEmpty());
  EXPECT_EQ(load_server("trusted_proxies = [\"10.0.0.0/8\"]\nclient_address = \"x-forwarded-for\"")
                .settings.server.client_address,
            ClientAddress::x_forwarded_for);
}

TEST(Proxies, AListenAddressMayBeATableWithTheProxyProtocol) {
  const std::string trust = "trusted_proxies = [\"10.0.0.0/8\"]\n";
  const Loaded loaded = load_server(trust +
                                    "listen = [\"127.0.0.1:1\", { addr = \"localhost:2\", proxy_protocol = "
                                    "\"on\" }, { addr = \"127.0.0.1:3\" }]");
  std::vector<std::string> shown;
  for (const ListenSettings& listen : loaded.settings.server.listen) {
    shown.push_back(show_listen(listen) + (listen.proxy_protocol == ProxyProtocol::on ? " on" : " off"));
  }
  EXPECT_THAT(shown, ElementsAre("127.0.0.1:1 off", "127.0.0.1:2 on", "[::1]:2 on", "127.0.0.1:3 off"));
  EXPECT_EQ(ListenKind{}.show(loaded.settings.server.listen),
            R"(["127.0.0.1:1", { addr = "127.0.0.1:2", proxy_protocol = "on" }, )"
            R"({ addr = "[::1]:2", proxy_protocol = "on" }, "127.0.0.1:3"])");
  const Loaded alone = load_server(trust + "listen = { addr = \"127.0.0.1:1\", proxy_protocol = true }");
  EXPECT_EQ(alone.settings.server.listen.at(0).proxy_protocol, ProxyProtocol::on);
  EXPECT_THAT(texts_of(alone.warnings), IsEmpty());
}

TEST(Proxies, BadSettingsAreRefusedWithWhatToWrite) {
  expect_of_table(
      "server",
      {
          {"trusted_proxies = \"10.0.0.0/8\"",
           "gateway.toml:4: server.trusted_proxies: expected an array such as [\"10.0.0.0/8\", \"::1/128\"], "
           "got "
           "the string \"10.0.0.0/8\""},
          {"trusted_proxies = [1]",
           "gateway.toml:4: server.trusted_proxies[0]: expected a range of addresses such as \"10.0.0.0/8\", "
           "got "
           "the integer 1"},
          {"trusted_proxies = [\"10.0.0.1/8\"]",
           "gateway.toml:4: server.trusted_proxies[0]: \"10.0.0.1/8\" has bits behind its prefix; write "
           "\"10.0.0.0/8\""},
          {"client_address = \"x-real-ip\"",
           "gateway.toml:4: server.client_address: \"x-real-ip\" is unknown; write \"peer\", "
           "\"x-forwarded-for\" or \"forwarded\""},
          {"client_address = \"forwarded\"",
           "gateway.toml:4: server.client_address: uses a header of trusted proxies, and none is configured; "
           "write "
           "server.trusted_proxies = [\"10.0.0.0/8\"] with the addresses of yours, or \"peer\""},
          {"listen = { addr = \"127.0.0.1:1\", proxy_protocol = \"on\" }",
           "gateway.toml:4: server.listen: \"127.0.0.1:1\" has proxy_protocol, which only trusted proxies "
           "may use, and none is configured; write server.trusted_proxies = [\"10.0.0.0/8\"] with the "
           "addresses of "
           "yours"},
          {"listen = { addr = \"127.0.0.1:1\", proxy_protocol = \"v2\" }",
           "gateway.toml:4: server.listen.proxy_protocol: expected \"on\" or \"off\", got the string \"v2\""},
          {"listen = [{ adr = \"127.0.0.1:1\", addr = \"127.0.0.1:2\" }]",
           "gateway.toml:4: server.listen[0].adr: unknown key; did you mean \"addr\"?"},
      });
}

TEST(Proxies, TrustedForNothingIsAWarning) {
  EXPECT_THAT(
      texts_of(load_server("trusted_proxies = [\"10.0.0.0/8\"]").warnings),
      ElementsAre("gateway.toml:4: server.trusted_proxies: has no effect, so all clients of a proxy count as "
                  "one address; write server.client_address = \"x-forwarded-for\" or \"forwarded\", or "
                  "proxy_protocol = \"on\" at a listen address"));
}

TEST(Limits, ByAddressAndUserAreOffUntilTheyAreWritten) {
  const auto limits_of = [](std::string_view lines) {
    return load_good(orion_with(lines)).settings.endpoints.at(0).limits;
  };
  EXPECT_EQ(limits_of("").connections_per_ip.value, std::nullopt);
  EXPECT_EQ(limits_of("").connections_per_user.value, std::nullopt);
  EXPECT_EQ(limits_of("limits.connections_per_ip = 3").connections_per_ip.value, 3U);
  EXPECT_EQ(limits_of("limits.connections_per_user = 1").connections_per_user.value, 1U);
}

}  // namespace
}  // namespace carillon::config

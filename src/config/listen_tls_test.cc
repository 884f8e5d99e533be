// { addr, tls = { cert, key } } in server.listen: what it takes, and every message.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/listen_kind.h"
#include "config/test_environment.h"

namespace carillon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kCert = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
constexpr std::string_view kKey = "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n";

FakeWorld world_with_files() {
  FakeWorld world = good_world();
  world.files["c.pem"] = kCert;
  world.files["k.pem"] = kKey;
  world.files["both.pem"] = std::string(kKey) + std::string(kCert);
  world.files["locked.pem"] =
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMA==\n-----END ENCRYPTED PRIVATE KEY-----\n";
  world.files["text"] = "hello";
  return world;
}

// `listen = …` stands on line 4.
Loaded load_listen(std::string_view value) {
  return load_in(world_with_files(), orion_with("[server]\nlisten = " + std::string(value)));
}

TEST(ListenTls, SomeAddressesMayHaveTlsAndOthersNot) {
  const Loaded loaded =
      load_listen(R"(["127.0.0.1:8000", { addr = "0.0.0.0:8443", tls = { cert = "c.pem", key = "k.pem" } }, )"
                  R"({ addr = "127.0.0.1:1" }])");
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  EXPECT_THAT(texts_of(loaded.warnings), IsEmpty()) << "0.0.0.0 with TLS is nothing to warn of";
  const auto& listen = loaded.settings.server.listen;
  ASSERT_EQ(listen.size(), 3U);
  EXPECT_EQ(listen[0].tls, nullptr);
  ASSERT_NE(listen[1].tls, nullptr);
  EXPECT_EQ(show_listen(listen[1]), "0.0.0.0:8443");
  EXPECT_EQ(listen[1].tls->cert_pem, kCert);
  EXPECT_EQ(listen[1].tls->key_pem.reveal(), kKey);
  EXPECT_EQ(listen[1].tls->cert_origin.text(), "gateway.toml:4");
  EXPECT_EQ(listen[1].tls->key_key, "server.listen[1].tls.key");
  EXPECT_EQ(listen[2].tls, nullptr);
}

TEST(ListenTls, OneTableMayStandAloneAndLocalhostSharesIt) {
  const Loaded loaded =
      load_listen(R"({ addr = "localhost:8443", tls = { cert = "both.pem", key = "both.pem" } })");
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  const auto& listen = loaded.settings.server.listen;
  ASSERT_EQ(listen.size(), 2U);
  EXPECT_NE(listen[0].tls, nullptr);
  EXPECT_EQ(listen[0].tls, listen[1].tls);
  EXPECT_EQ(ListenKind{}.show(listen),
            R"([{ addr = "127.0.0.1:8443", tls = { cert = "both.pem", key = "both.pem" } }, )"
            R"({ addr = "[::1]:8443", tls = { cert = "both.pem", key = "both.pem" } }])");
}

TEST(ListenTls, EveryMistakeIsNamedWithItsRemedy) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([{ addr = "127.0.0.1:1", tsl = {} }])", R"([0].tsl: unknown key; did you mean "tls"?)"},
      {R"([{ tls = { cert = "c.pem", key = "k.pem" } }])",
       R"([0]: has no addr; write addr = "0.0.0.0:8000")"},
      {R"([{ addr = 1 }])", R"([0].addr: expected an address such as "127.0.0.1:8000", got the integer 1)"},
      {R"([{ addr = "127.0.0.1:1", tls = "c.pem" }])",
       R"([0].tls: expected a table such as { cert = "server.pem", key = "server.key" }, got the string "c.pem")"},
      {R"([{ addr = "127.0.0.1:1", tls = { key = "k.pem" } }])",
       R"([0].tls: has no cert; write cert = "path" of a PEM file with the server's certificate)"},
      {R"([{ addr = "127.0.0.1:1", tls = { cert = "c.pem" } }])",
       R"([0].tls: has no key; write key = "path" of a PEM file with the certificate's private key)"},
      {R"([{ addr = "127.0.0.1:1", tls = { cert = "c.pem", key = "k.pem", kye = 1 } }])",
       R"([0].tls.kye: unknown key; did you mean "key"?)"},
      {R"([{ addr = "127.0.0.1:1", tls = { cert = 1, key = "k.pem" } }])",
       R"([0].tls.cert: expected the path of a PEM file, got the integer 1)"},
      {R"([{ addr = "127.0.0.1:1", tls = { cert = "none", key = "k.pem" } }])",
       R"([0].tls.cert: cannot read the file "none": No such file or directory; write the path of a readable file)"},
      {R"([{ addr = "127.0.0.1:1", tls = { cert = "text", key = "k.pem" } }])",
       R"([0].tls.cert: the file "text" is not a PEM certificate; write the path of one with "-----BEGIN )"
       R"(CERTIFICATE-----", the server's own first)"},
      {R"([{ addr = "127.0.0.1:1", tls = { cert = "c.pem", key = "c.pem" } }])",
       R"([0].tls.key: the file "c.pem" is not a PEM private key; write the path of one with "-----BEGIN )"
       R"(PRIVATE KEY-----")"},
      {R"([{ addr = "127.0.0.1:1", tls = { cert = "c.pem", key = "locked.pem" } }])",
       R"([0].tls.key: the file "locked.pem" needs a passphrase, and there is no prompt for it; write the path of a )"
       R"(key without (openssl pkey -in FILE -out NEW))"},
      {R"([{ addr = "127.0.0.1:1", tls = { cert = "c.pem", key = "-----BEGIN PRIVATE KEY-----" } }])",
       R"([0].tls.key: is PEM text itself; write the path of a file that holds it)"},
  };
  for (const auto& [value, message] : cases) {
    EXPECT_THAT(texts_of(load_listen(value).errors),
                ElementsAre(std::string("gateway.toml:4: server.listen") + message))
        << value;
  }
}

}  // namespace
}  // namespace carillon::config

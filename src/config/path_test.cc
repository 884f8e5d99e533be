#include "config/path.h"

#include <gtest/gtest.h>

#include "config/test_environment.h"

namespace carillon::config {
namespace {

TEST(Path, ARelativePathIsBelowTheFolderOfTheFileThatItIsWrittenIn) {
  EXPECT_EQ(path_beside("/etc/carillon/carillon.toml", "mine.toml"), "/etc/carillon/mine.toml");
  EXPECT_EQ(path_beside("deploy/gateway.toml", "../keys/a.pem"), "deploy/../keys/a.pem");
  EXPECT_EQ(path_beside("/gateway.toml", "a"), "/a");
}

TEST(Path, AnAbsolutePathAndOneThatIsWrittenInNoFileStayAsTheyAre) {
  EXPECT_EQ(path_beside("/etc/carillon/carillon.toml", "/run/a"), "/run/a");
  EXPECT_EQ(path_beside("/etc/carillon/carillon.toml", ""), "");
  for (const char* source :
       {"gateway.toml", "environment", "profile orion", "/dev/fd/63", "/proc/self/fd/5"}) {
    EXPECT_EQ(path_beside(source, "a.pem"), "a.pem") << source;
  }
}

TEST(Path, EveryFileThatAConfigurationNamesIsFoundBesideIt) {
  FakeWorld world = good_world();
  world.files["conf/mine.toml"] =
      "path = \"/mine\"\nauth.mode = \"none\"\nsource.channels = [\"news.*\"]\n[frames]\nevent = "
      "'{\"a\":$body}'\n";
  world.files["conf/secret"] = std::string(kGoodSecret);
  world.files["conf/c.pem"] = "-----BEGIN CERTIFICATE-----\n";
  world.files["conf/k.pem"] = "-----BEGIN PRIVATE KEY-----\n";
  world.files["conf/set.json"] = R"({"keys":[]})";
  const Loaded loaded = load(R"([server]
listen = [{ addr = "127.0.0.1:8443", tls = { cert = "c.pem", key = "k.pem" } }]
[bus]
url = "rediss://127.0.0.1"
tls_ca_file = "c.pem"
[keys.main]
secret = { file = "secret" }
[keys.set]
jwks_file = "set.json"
algorithms = ["ES256"]
[[endpoint]]
profile = "mine.toml"
)",
                             "conf/gateway.toml", world.environment());
  EXPECT_TRUE(texts_of(loaded.errors).empty()) << texts_of(loaded.errors).front();
  EXPECT_EQ(loaded.settings.bus.tls_ca_file, "conf/c.pem");
  EXPECT_EQ(loaded.settings.server.listen[0].tls->key_file, "conf/k.pem");
}

}  // namespace
}  // namespace carillon::config

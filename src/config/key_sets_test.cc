// [keys.*] with key sets: what belongs together, and every message.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_messages.h"

namespace carillon::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kUrl = "jwks_url = \"https://id.example.com/keys\"\n";
constexpr std::string_view kRs256 = "algorithms = [\"RS256\"]\n";

Loaded load_key(std::string_view lines) {
  FakeWorld world = good_world();
  world.files["jwks.json"] = "{}";
  world.files["ca.pem"] = "-----BEGIN CERTIFICATE-----\n";
  return load_in(world, "[keys.id]\n" + std::string(lines) + "\n" + orion_with(""));
}

TEST(KeySetSettings, HaveTheirDefaults) {
  const Loaded loaded = load_key(std::string(kUrl) + std::string(kRs256));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  const KeySettings& key = loaded.settings.keys.at(0);
  EXPECT_EQ(key.jwks_url, "https://id.example.com/keys");
  EXPECT_EQ(key.discovery, Switch::off);
  EXPECT_EQ(key.jwks_min_interval, seconds(30));
  EXPECT_EQ(key.jwks_age_max, std::chrono::hours(1));
  EXPECT_EQ(key.jwks_stale_max, std::chrono::hours(24));
  EXPECT_EQ(key.jwks_wait, seconds(2));
}

TEST(KeySetSettings, AFileIsReadWithTheConfiguration) {
  const Loaded loaded = load_key("jwks_file = \"jwks.json\"\n" + std::string(kRs256));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  EXPECT_EQ(loaded.settings.keys.at(0).jwks_file.path, "jwks.json");
  EXPECT_EQ(*loaded.settings.keys.at(0).jwks_file.text, "{}");
}

TEST(KeySetSettings, EachMistakeHasItsMessage) {
  const std::string rs256(kRs256);
  const std::string url(kUrl);
  const std::vector<std::pair<std::string, std::string>> rows = {
      {url,
       "gateway.toml:1: keys.id.algorithms: is missing; write what the keys are for, such as algorithms = "
       "[\"RS256\"]"},
      {url + "algorithms = [\"HS256\"]",
       "gateway.toml:3: keys.id.algorithms: HS256 needs a secret, and this key has a jwks_url; write another "
       "key "
       "for it"},
      {url + rs256 + "jwks_file = \"jwks.json\"",
       "gateway.toml:2: keys.id.jwks_url: is given together with a jwks_file; write two keys, one for each"},
      {url + rs256 + "key_id = \"a\"",
       "gateway.toml:4: keys.id.key_id: is of one key, and the jwks_url has several; leave it out"},
      {rs256 + "discovery = \"on\"",
       "gateway.toml:3: keys.id.discovery: needs the issuer; write issuer = \"https://id.example.com\""},
      {rs256 + "discovery = \"on\"\nissuer = \"main\"",
       "gateway.toml:4: keys.id.issuer: is not a URL; write \"https://id.example.com/keys\", because "
       "discovery "
       "fetches below it"},
      {rs256 + "jwks_url = \"http://id.example.com/keys\"",
       "gateway.toml:3: keys.id.jwks_url: uses http, so that anyone on the network path could replace the "
       "keys; "
       "write https:// (http:// is for 127.0.0.1, [::1] and localhost only)"},
      {rs256 + "jwks_file = \"none.json\"",
       "gateway.toml:3: keys.id.jwks_file: cannot read the file \"none.json\": No such file or directory; "
       "write "
       "the path of a readable file"},
      {rs256 + "jwks_file = 1",
       "gateway.toml:3: keys.id.jwks_file: expected a path such as \"jwks.json\", got the integer 1"},
      {url + rs256 + "jwks_ca_file = \"jwks.json\"",
       "gateway.toml:4: keys.id.jwks_ca_file: the file \"jwks.json\" holds no PEM certificate; write the "
       "path of "
       "one with \"-----BEGIN CERTIFICATE-----\""},
  };
  for (const auto& [lines, message] : rows) {
    EXPECT_THAT(texts_of(load_key(lines).errors), ElementsAre(message)) << lines;
  }
}

TEST(KeySetSettings, DiscoveryThatIsOffIsNoKind) {
  EXPECT_THAT(texts_of(load_key("secret = { env = \"CARILLON_JWT_SECRET\" }\ndiscovery = \"off\"").errors),
              IsEmpty());
  EXPECT_THAT(texts_of(load_key(std::string(kRs256) + "discovery = \"off\"").errors),
              ElementsAre(HasSubstr("has none of secret")));
}

TEST(KeySetSettings, OptionsOfAFetchWithoutOneAreWarnedOf) {
  const Loaded loaded = load_key("jwks_file = \"jwks.json\"\njwks_wait = \"1s\"\n" + std::string(kRs256));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  EXPECT_THAT(texts_of(loaded.warnings), ::testing::Contains(HasSubstr("keys.id.jwks_wait: has no effect")));
}

TEST(KeySetSettings, KeysThatShareASetFetchItAlike) {
  const auto two = [](std::string_view rest) {
    return texts_of(load_good("[keys.a]\n" + std::string(kUrl) + std::string(kRs256) + "[keys.b]\n" +
                              std::string(kUrl) + std::string(kRs256) + std::string(rest) + orion_with(""))
                        .errors);
  };
  EXPECT_THAT(two("audience = \"other\"\n"), IsEmpty());
  EXPECT_THAT(
      two("jwks_wait = \"1s\"\n"),
      ElementsAre("gateway.toml:4: keys.b: fetches the same key set as keys.a with other values of jwks_*; "
                  "write the same ones in both"));
}

TEST(KeySetSettings, ThereAreAtMost32SetsThatAreFetched) {
  const auto with_sets = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += "[keys.k" + std::to_string(i) + "]\n" + std::string(kRs256) +
              "jwks_url = \"https://id.example.com/" + std::to_string(i) + "\"\n";
    }
    return texts_of(load_good(text + orion_with("")).errors);
  };
  EXPECT_THAT(with_sets(31), IsEmpty());
  EXPECT_THAT(with_sets(32), IsEmpty());
  EXPECT_THAT(with_sets(33), ElementsAre(HasSubstr("has more than 32 key sets that are fetched")));
}

}  // namespace
}  // namespace carillon::config

// What was taken although it cannot work or is not safe, and what was refused although it works.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_messages.h"

namespace carillon::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Unsafe, AFileWithoutKeysIsGoodWhereNoEndpointAsksForAToken) {
  const Loaded loaded = load_in({}, "[[endpoint]]\nprofile = \"fluxora\"\n");
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
}

Loaded with_api_key(const std::string& key) {
  FakeWorld world = good_world();
  world.variables["KEY"] = key;
  return load_in(world, orion_with("[api]\nkeys = [{ env = \"KEY\" }]"));
}

TEST(Unsafe, AKeyOfTheApiHasAtLeastEightBytes) {
  EXPECT_THAT(
      texts_of(with_api_key("k").errors),
      ElementsAre("gateway.toml:4: api.keys[0]: is 1 byte long and can be guessed; write at least 8; make "
                  "one with: openssl rand -hex 32"));
  EXPECT_THAT(with_api_key("1234567").errors, Not(IsEmpty()));
  EXPECT_THAT(with_api_key("12345678").errors, IsEmpty());
  EXPECT_THAT(with_api_key("123456789").errors, IsEmpty());
  EXPECT_THAT(texts_of(with_api_key("123456789012345").warnings), Contains(HasSubstr("15 bytes long")));
  EXPECT_THAT(texts_of(with_api_key("1234567890123456").warnings), IsEmpty());
}

TEST(Unsafe, AKeyThatNoHeaderCanCarryIsRefused) {
  EXPECT_THAT(texts_of(with_api_key("0123456789\nabcdef").errors),
              ElementsAre(HasSubstr("control characters")));
  EXPECT_THAT(texts_of(with_api_key(" 0123456789abcdef").errors), ElementsAre(HasSubstr("with a space")));
  EXPECT_THAT(texts_of(with_api_key("0123456789abcdef ").errors), ElementsAre(HasSubstr("with a space")));
  EXPECT_THAT(texts_of(with_api_key("0123456789 abcdef").errors), IsEmpty());
}

TEST(Unsafe, EveryApiKeyIsJudgedAlike) {
  FakeWorld world = good_world();
  world.variables["KEY"] = "short";
  for (const std::string lines : {"auth.mode = \"api_key\"\nauth.api_keys = [{ env = \"KEY\" }]",
                                  "route_key = { env = \"KEY\" }", "[api]\nkeys = [{ env = \"KEY\" }]",
                                  "[[route]]\npath = \"/h\"\nchannel = \"c\"\nkey = { env = \"KEY\" }"}) {
    EXPECT_THAT(texts_of(load_in(world, orion_with(lines)).errors), ElementsAre(HasSubstr("can be guessed")))
        << lines;
  }
  world.variables["CARILLON_API_KEY"] = "short";
  EXPECT_THAT(
      texts_of(load_in(world, orion_with("")).errors),
      ElementsAre("environment: CARILLON_API_KEY: is 5 bytes long and can be guessed; write at least 8; make "
                  "one with: openssl rand -hex 32"));
}

std::vector<std::string> errors_of_listen(const std::string& list) {
  return texts_of(load_good("[server]\nlisten = [" + list + "]\n" + orion_with("")).errors);
}

TEST(Unsafe, AnAddressThatAnotherTakesTooIsRefused) {
  const std::string v4 =
      "gateway.toml:2: server.listen: \"0.0.0.0:80\" already includes \"127.0.0.1:80\"; leave one of "
      "them out";
  EXPECT_THAT(errors_of_listen(R"("0.0.0.0:80", "127.0.0.1:80")"), ElementsAre(v4));
  EXPECT_THAT(errors_of_listen(R"("127.0.0.1:80", "0.0.0.0:80")"), ElementsAre(v4));
  EXPECT_THAT(errors_of_listen(R"("[::]:80", "[::1]:80")"),
              ElementsAre(HasSubstr("\"[::]:80\" already includes \"[::1]:80\"")));
  EXPECT_THAT(errors_of_listen(R"("0.0.0.0:80", "localhost:80")"), ElementsAre(v4));
  EXPECT_THAT(errors_of_listen(R"("0.0.0.0:80", "[::1]:80", "127.0.0.1:81")"), IsEmpty());
  EXPECT_THAT(errors_of_listen(R"("0.0.0.0:80", "[::]:80")"), IsEmpty());
  EXPECT_THAT(errors_of_listen(R"("0.0.0.0:0", "127.0.0.1:0")"), IsEmpty());
}

TEST(Unsafe, AnIpv4AddressInIpv6NotationIsRefused) {
  EXPECT_THAT(errors_of_listen(R"("[::ffff:127.0.0.1]:80")"),
              ElementsAre(HasSubstr("write \"127.0.0.1:80\"")));
}

std::vector<std::string> warnings_of_proxies(const std::string& ranges) {
  const Loaded loaded = load_good("[server]\nclient_address = \"forwarded\"\ntrusted_proxies = [" + ranges +
                                  "]\n" + orion_with(""));
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  return texts_of(loaded.warnings);
}

TEST(Unsafe, TrustInEveryAddressIsWarnedOf) {
  EXPECT_THAT(
      warnings_of_proxies("\"0.0.0.0/0\""),
      ElementsAre(
          "gateway.toml:3: server.trusted_proxies: \"0.0.0.0/0\" is every address, so that clients "
          "can choose the address that limits and logs use; write the addresses of your proxies alone"));
  EXPECT_THAT(warnings_of_proxies("\"::/0\""), ElementsAre(HasSubstr("is every address")));
  EXPECT_THAT(warnings_of_proxies("\"0.0.0.0/1\", \"128.0.0.0/1\"").size(), 2U);
  EXPECT_THAT(warnings_of_proxies("\"10.0.0.0/7\""), ElementsAre(HasSubstr("also contains clients")));
  EXPECT_THAT(warnings_of_proxies("\"10.0.0.0/8\", \"fd00::/8\", \"10.0.0.0/9\""), IsEmpty());
  EXPECT_THAT(warnings_of_proxies("\"::ffff:10.0.0.0/104\""), IsEmpty());
}

TEST(Unsafe, BracesInAPatternCauseAWarning) {
  EXPECT_THAT(
      texts_of(load_good(orion_with("source.channels = [\"user.{sub}\"]")).warnings),
      ElementsAre(
          "gateway.toml:3: endpoint[0].source.channels: \"user.{sub}\" is taken literally: nothing is "
          "put in place of its braces; write * there, and auth.channels_claim for what each token "
          "may subscribe to"));
  EXPECT_THAT(texts_of(load_good(orion_with("source.channels = [\"a}b{c\"]")).warnings), IsEmpty());
}

TEST(Unsafe, ASettingThatAnotherSwitchesOffIsWarnedOf) {
  const auto warnings = [](const std::string& profile, const std::string& lines) {
    return texts_of(load_good("[[endpoint]]\nprofile = \"" + profile + "\"\n" + lines).warnings);
  };
  EXPECT_THAT(
      warnings("service", "commands.subscribe.reply = '{}'"),
      ElementsAre(
          "gateway.toml:3: endpoint[0].commands.subscribe.reply: has no effect, because acks is \"off\"; "
          "write acks = \"on\", or leave it out"));
  EXPECT_THAT(warnings("service", "commands.subscribe.reply = '{}'\nacks = \"on\""), IsEmpty());
  EXPECT_THAT(warnings("service", "commands.subscribe.reply = '{}'\nacks = \"off\""), IsEmpty())
      << "it is meant";
  for (const std::string profile : {"carillon", "orion", "service", "fluxora", "grimnir", "echo"}) {
    EXPECT_THAT(warnings(profile, ""), IsEmpty()) << profile;
  }
  for (const std::string line :
       {"commands.publish.to = \"a\"", "auth.expired_frame = '{}'", "auth.api_keys = [\"0123456789abcdef\"]",
        "frames.ping = '{}'", "inbound.rate.window = \"1s\"", "limits.accepts_window = \"1s\"",
        "limits.failed_auth_weight = 10", "select.sets_max = 2",
        "route_key = { env = \"CARILLON_API_KEY\" }"}) {
    EXPECT_THAT(warnings("orion", line), Contains(HasSubstr("has no effect, because "))) << line;
  }
  for (const std::string line : {"auth.keys = []", "auth.require_exp = true", "auth.sources = [\"bearer\"]",
                                 "auth.missing.status = 403", "auth.close_at_exp = 1008"}) {
    EXPECT_THAT(warnings("fluxora", line), Contains(HasSubstr("has no effect, because "))) << line;
  }
  EXPECT_THAT(
      texts_of(load_good("[bus]\nurl = \"redis://h\"\ntls_ca_file = \"x\"\n" + orion_with("")).warnings),
      Contains(HasSubstr("bus.tls_ca_file: has no effect")));
}

TEST(Unsafe, RepliesOfAProfileOfOnesOwnAreWarnedOfWithoutAcks) {
  FakeWorld world = good_world();
  const std::string profile =
      "path = \"/x\"\n[auth]\nmode = \"none\"\n[commands]\nname = \"/t\"\n[commands.subscribe]\nis = "
      "\"s\"\nchannel = "
      "\"/c\"\nreply = '{}'\n[source]\nchannels = [\"a.*\"]\n[frames]\nevent = '$body'\n[select]\nby = "
      "\"commands\"\n";
  world.files["own.toml"] = profile;
  world.files["meant.toml"] = "acks = \"off\"\n" + profile;
  const auto warnings = [&world](const std::string& file) {
    return texts_of(load_in(world, "[[endpoint]]\nprofile = \"" + file + "\"\n").warnings);
  };
  EXPECT_THAT(warnings("own.toml"),
              ElementsAre(HasSubstr("commands.subscribe.reply: has no effect, because acks is \"off\"")));
  EXPECT_THAT(warnings("meant.toml"), IsEmpty());
}

TEST(Unsafe, ABusCertificateFileThatCannotBeReadIsRefused) {
  FakeWorld world = good_world();
  world.files["key.pem"] = "-----BEGIN PRIVATE KEY-----";
  world.files["ca.pem"] = "-----BEGIN CERTIFICATE-----";
  const auto errors = [&world](const std::string& file) {
    return texts_of(
        load_in(world, "[bus]\nurl = \"rediss://h\"\ntls_ca_file = \"" + file + "\"\n" + orion_with(""))
            .errors);
  };
  EXPECT_THAT(errors("none.pem"),
              ElementsAre(HasSubstr("bus.tls_ca_file: cannot read the file \"none.pem\"")));
  EXPECT_THAT(errors("key.pem"), ElementsAre(HasSubstr("holds no PEM certificate")));
  EXPECT_THAT(errors("ca.pem"), IsEmpty());
}

}  // namespace
}  // namespace carillon::config

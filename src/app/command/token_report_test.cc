#include "app/command/token_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/testing.h"

namespace carillon::app {
namespace {

using ::testing::ElementsAre;
namespace tokens = auth::testing;

// "ok form", "FAIL exp", … of a token with these claims, signed with the secret of the key "main".
std::vector<std::string> outcomes(std::string_view claims, const config::KeySettings& settings,
                                  const TokenRules& rules = {}, std::string_view header = tokens::kHeader) {
  std::vector<std::string> problems;
  std::vector<NamedKey> keys;
  keys.push_back({"main", *auth::Key::make(settings, auth::Authenticator::WeakSecrets::refuse, problems)});
  std::vector<std::string> out;
  for (const TokenCheck& each : check_token(tokens::sign(header, claims), keys, rules, tokens::kNow)) {
    out.push_back(std::string(name_of(each.outcome)) + " " + each.name);
  }
  return out;
}

TEST(TokenReport, ATokenWithoutRulesPasses) {
  EXPECT_THAT(outcomes(R"({"sub":"a"})", tokens::hmac_key()),
              ElementsAre("ok form", "ok algorithm", "ok key main", "ok signature", "ok exp", "- issuer",
                          "- audience", "ok subject"));
}

TEST(TokenReport, EachRuleHasACheckOfItsOwn) {
  auto key = tokens::hmac_key();
  key.issuer = "me";
  key.audience = "push";
  key.require_exp = true;
  TokenRules rules;
  rules.grants = {{"web"}, {"read"}};
  EXPECT_THAT(outcomes(R"({"iss":"you","nbf":1800000000,"azp":"x","scope":"write"})", key, rules),
              ElementsAre("ok form", "ok algorithm", "ok key main", "ok signature", "FAIL exp", "FAIL nbf",
                          "FAIL issuer", "FAIL audience", "FAIL party", "FAIL scopes", "ok subject"));
  EXPECT_THAT(outcomes(R"({"iss":"me","aud":["push"],"exp":1600000000,"iat":1,"azp":"web","scope":"read"})",
                       key, rules),
              ElementsAre("ok form", "ok algorithm", "ok key main", "ok signature", "FAIL exp", "ok iat",
                          "ok issuer", "ok audience", "ok party", "ok scopes", "ok subject"));
}

TEST(TokenReport, LeewayCountsAsInTheGateway) {
  auto key = tokens::hmac_key();
  key.leeway = seconds(30);
  const auto exp = outcomes(R"({"exp":1699999980})", key);
  EXPECT_EQ(exp[4], "ok exp");
  EXPECT_EQ(outcomes(R"({"exp":1699999980})", tokens::hmac_key())[4], "FAIL exp");
}

TEST(TokenReport, WhatCannotBeReadEndsIt) {
  EXPECT_THAT(outcomes("[]", tokens::hmac_key()), ElementsAre("FAIL form"));
  EXPECT_THAT(outcomes("{}", tokens::hmac_key(), {}, R"({"alg":"none"})"),
              ElementsAre("ok form", "FAIL algorithm"));
  EXPECT_THAT(outcomes("{}", tokens::hmac_key(), {}, R"({"alg":"HS256","crit":["x"]})"),
              ElementsAre("ok form", "ok algorithm", "FAIL crit"));
  TokenRules rules;
  rules.token_bytes_max = 10;
  EXPECT_THAT(outcomes("{}", tokens::hmac_key(), rules), ElementsAre("FAIL form"));
}

TEST(TimeAndDistance, PastAndFuture) {
  EXPECT_EQ(time_and_distance(WallTime(seconds(0)), WallTime(seconds(90))), "1970-01-01T00:00:00Z, 90 s ago");
  EXPECT_EQ(time_and_distance(WallTime(seconds(7200)), WallTime(seconds(0))), "1970-01-01T02:00:00Z, in 2 h");
}

}  // namespace
}  // namespace carillon::app

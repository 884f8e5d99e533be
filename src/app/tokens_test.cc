#include "app/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace carillon::app {
namespace {

using ::testing::HasSubstr;

constexpr WallTime kMintedAt{seconds(1'800'000'000)};

TEST(Ttl, ADurationHasAUnit) {
  EXPECT_EQ(parse_ttl("90s").value_or(seconds(0)), seconds(90));
  EXPECT_EQ(parse_ttl("1h").value_or(seconds(0)), seconds(3600));
  EXPECT_THAT(parse_ttl("3600").error().message, HasSubstr("write 3600s for seconds"));
  EXPECT_THAT(parse_ttl("1d").error().message, HasSubstr("90s, 15m or 1h"));
  EXPECT_FALSE(parse_ttl("10ms"));
  EXPECT_FALSE(parse_ttl("0s"));
  EXPECT_FALSE(parse_ttl(""));
}

TEST(TokenClaims, WhatIsWrittenWinsOverWhatTheConfigurationRequires) {
  TokenRequest request;
  request.subject = "ada";
  request.ttl = seconds(10);
  request.claims = R"({"role":"editor","aud":["a","b"]})";
  request.required = R"({"iss":"me","aud":"push"})";
  EXPECT_EQ(claims_of(request, kMintedAt).value_or(""),
            R"({"role":"editor","aud":["a","b"],"sub":"ada","iat":1800000000,"exp":1800000010,"iss":"me"})");
  request.claims.clear();
  request.issuer = "you";
  EXPECT_EQ(claims_of(request, kMintedAt).value_or(""),
            R"({"sub":"ada","iat":1800000000,"exp":1800000010,"iss":"you","aud":"push"})");
}

TEST(TokenClaims, AClaimWithAnOptionOfItsOwnIsRefused) {
  for (const char* claims : {R"({"sub":"x"})", R"({"exp":1})", R"({"iat":1})"}) {
    TokenRequest request;
    request.claims = claims;
    EXPECT_FALSE(claims_of(request, kMintedAt)) << claims;
  }
  TokenRequest request;
  request.claims = "[]";
  EXPECT_THAT(claims_of(request, kMintedAt).error().message, HasSubstr("must be a JSON object"));
}

config::KeySettings shared_key(std::string name, std::vector<std::string> algorithms) {
  config::KeySettings key;
  key.name = std::move(name);
  key.algorithms = std::move(algorithms);
  key.secret = Secret("0123456789abcdef0123456789abcdef");
  return key;
}

TEST(SigningKeys, OnlyASecretThatTheEndpointAcceptsCanSign) {
  config::EndpointAuth auth;
  EXPECT_TRUE(can_sign(shared_key("a", {"HS512"}), auth));
  auth.keys = {"b"};
  EXPECT_FALSE(can_sign(shared_key("a", {"HS512"}), auth));
  auth = {};
  auth.algorithms = {"HS256"};
  EXPECT_FALSE(can_sign(shared_key("a", {"HS512"}), auth));
  EXPECT_EQ(signing_algorithm(shared_key("a", {"HS512", "HS256"}), auth), auth::Algorithm::hs256);
  auth = {};
  auth.mode = config::AuthMode::none;
  EXPECT_FALSE(can_sign(shared_key("a", {"HS256"}), auth));
  auto with_public_key = shared_key("a", {"RS256"});
  with_public_key.secret = {};
  EXPECT_FALSE(can_sign(with_public_key, {}));
}

}  // namespace
}  // namespace carillon::app

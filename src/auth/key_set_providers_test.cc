// Key sets and tokens shaped like those of well-known identity providers, and the claims about the client
// that got a token.
#include <gtest/gtest.h>

#include "auth/testing/fetched_keys.h"

namespace carillon::auth {
namespace {

using namespace carillon::auth::testing;
using std::string;

struct Provider {
  const char* name;
  string jwks;
  string claims;
  config::KeySettings key;
  Authenticator::Options options;
};

config::KeySettings provider_key(const string& issuer, const string& audience) {
  auto key = url_key("p", issuer);
  key.algorithms = {"RS256"};
  key.audience = audience;
  return key;
}

std::vector<Provider> providers() {
  const string sig = R"("use":"sig","alg":"RS256")";
  const string x5c = sig + R"(,"x5c":["MIIC"],"x5t":"AAAA","x5t#S256":"AAAA")";
  const string encryption = rsa_key_b().jwk(R"("use":"enc","alg":"RSA-OAEP")");
  Authenticator::Options web;
  web.grants = {{"web-app"}, {"events:read"}};
  const string keycloak = "https://id.example.com/realms/main";
  const string auth0 = "https://example.eu.auth0.com/";
  const string cognito = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x";
  const string entra = "https://login.microsoftonline.com/7a/v2.0";
  return {
      {"Keycloak", jwks_of({rsa_key_a().jwk(x5c), encryption}),
       R"({"exp":1700000300,"iat":1700000000,"jti":"a","iss":")" + keycloak +
           R"(","aud":["carillon","account"],"sub":"alice","typ":"Bearer","azp":"web-app",)"
           R"("realm_access":{"roles":["user"]},"scope":"openid events:read profile"})",
       provider_key(keycloak, "carillon"), web},
      {"Auth0", jwks_of({rsa_key_b().jwk(x5c), rsa_key_a().jwk(x5c)}),
       R"({"iss":")" + auth0 +
           R"(","sub":"auth0|1","aud":["https://api.example.com",)"
           R"("https://example.eu.auth0.com/userinfo"],"iat":1700000000,"exp":1700000300,"azp":"web-app",)"
           R"("scope":"openid events:read"})",
       provider_key(auth0, "https://api.example.com"), web},
      {"Cognito", jwks_of({rsa_key_a().jwk(sig), rsa_key_b().jwk(sig)}),
       R"({"sub":"alice","iss":")" + cognito +
           R"(","client_id":"web-app","token_use":"access",)"
           R"("scope":"events:read","auth_time":1700000000,"exp":1700000300,"iat":1700000000})",
       provider_key(cognito, ""), web},
      {"Entra",
       jwks_of(
           {rsa_key_b().jwk(R"("use":"sig")"), rsa_key_a().jwk(R"("use":"sig","x5t":"rsa-a","issuer":"x")")}),
       R"({"aud":"api-1","iss":")" + entra +
           R"(","iat":1700000000,"nbf":1700000000,"exp":1700000300,)"
           R"("aio":"a","azp":"web-app","azpacr":"1","oid":"o","scp":"events:read other","sub":"s","tid":"7a",)"
           R"("ver":"2.0"})",
       provider_key(entra, "api-1"), web},
  };
}

TEST(KeySets, DocumentsAndTokensOfKeycloakAuth0CognitoAndEntraVerify) {
  for (const Provider& provider : providers()) {
    SCOPED_TRACE(provider.name);
    Fetched set({provider.key}, provider.options);
    EXPECT_EQ(set.serve(provider.jwks), FetchOutcome::changed);
    const string header = R"({"typ":"JWT","alg":"RS256","kid":"rsa-a","x5t":"a"})";
    EXPECT_EQ(verdict(*set.it, rsa_key_a().token_with(header, provider.claims, Algorithm::rs256)), "ok");
    EXPECT_EQ(verdict(*set.it, rsa_key_b().token_with(header, provider.claims, Algorithm::rs256)),
              "bad_signature");
    auto other = provider.options;
    other.grants.parties = {"another-app"};
    Fetched of_another({provider.key}, other);
    of_another.serve(provider.jwks);
    EXPECT_EQ(verdict(*of_another.it, rsa_key_a().token_with(header, provider.claims, Algorithm::rs256)),
              "wrong_party");
  }
}

TEST(KeySets, AllScopesAreRequiredAndOneOfTheParties) {
  const auto judged = [](const string& claims, GrantRules grants) {
    Authenticator::Options options;
    options.grants = std::move(grants);
    return verdict(*authenticator({hmac_key()}, options), with_claims(claims));
  };
  const GrantRules scopes{{}, {"a", "b"}};
  EXPECT_EQ(judged(R"({"scope":"b a c"})", scopes), "ok");
  EXPECT_EQ(judged(R"({"scope":["a","b"]})", scopes), "ok");
  EXPECT_EQ(judged(R"({"scope":"a","scp":["b"]})", scopes), "ok");
  EXPECT_EQ(judged(R"({"scope":"a"})", scopes), "missing_scope");
  EXPECT_EQ(judged(R"({"scope":"a b:c"})", scopes), "missing_scope");
  EXPECT_EQ(judged(R"({"scope":["a b"]})", scopes), "missing_scope") << "no name has a blank";
  EXPECT_EQ(judged(R"({"scope":1})", scopes), "missing_scope");
  EXPECT_EQ(judged("{}", scopes), "missing_scope");
  const GrantRules parties{{"x", "y"}, {}};
  EXPECT_EQ(judged(R"({"azp":"y"})", parties), "ok");
  EXPECT_EQ(judged(R"({"client_id":"x"})", parties), "ok");
  EXPECT_EQ(judged(R"({"appid":"x"})", parties), "ok");
  EXPECT_EQ(judged(R"({"client_id":"x","azp":"z"})", parties), "wrong_party") << "azp comes first";
  EXPECT_EQ(judged(R"({"azp":"z","client_id":"x"})", parties), "wrong_party");
  EXPECT_EQ(judged(R"({"azp":["x"]})", parties), "malformed");
  EXPECT_EQ(judged("{}", parties), "wrong_party");
  EXPECT_EQ(judged(R"({"azp":["x"]})", {}), "ok") << "not read where nothing requires it";
}

}  // namespace
}  // namespace carillon::auth

// Several keys, the cache in front of them, and minting.
#include "auth/authenticator.h"

#include <gtest/gtest.h>

#include <set>

#include "auth/claims.h"
#include "auth/testing.h"

namespace carillon::auth {
namespace {

using namespace carillon::auth::testing;
using namespace carillon::auth::vectors;
using std::string;
using std::string_view;

constexpr string_view kOther = "the secret of quite another tenant";

config::KeySettings key_of(string_view secret, string_view key_id, string_view issuer) {
  auto key = hmac_key(secret);
  key.key_id = key_id;
  key.issuer = issuer;
  return key;
}

string token_of(string_view secret, string_view kid, string_view claims = "{}") {
  return sign(R"({"alg":"HS256","kid":")" + string(kid) + "\"}", claims, secret);
}

TEST(Authenticator, AKidChoosesTheKeyAndKeysWithoutAnIdAreTriedForAny) {
  const auto it = authenticator({key_of(kSecret, "a", ""), key_of(kOther, "", "")});
  EXPECT_EQ(verdict(*it, token_of(kSecret, "a")), "ok");
  EXPECT_EQ(verdict(*it, token_of(kOther, "a")), "ok");
  EXPECT_EQ(verdict(*it, token_of(kOther, "b")), "ok");
  EXPECT_EQ(verdict(*it, token_of(kSecret, "b")), "bad_signature");
  EXPECT_EQ(verdict(*it, sign(kHeader, "{}", kSecret)), "bad_signature");
  EXPECT_EQ(verdict(*it, sign(kHeader, "{}", kOther)), "ok");
}

TEST(Authenticator, OneTenantsKeyDoesNotAdmitATokenThatNamesAnothers) {
  const auto it = authenticator({key_of(kSecret, "a", "A"), key_of(kOther, "b", "B")});
  EXPECT_EQ(verdict(*it, token_of(kSecret, "a", R"({"iss":"A"})")), "ok");
  EXPECT_EQ(verdict(*it, token_of(kSecret, "b", R"({"iss":"B"})")), "bad_signature");
  EXPECT_EQ(verdict(*it, token_of(kSecret, "a", R"({"iss":"B"})")), "wrong_issuer");
}

TEST(Authenticator, AKeyIsNotTriedForAnAlgorithmThatOnlyAnotherKeyLists) {
  auto rsa = public_key(kRsaPem, {"RS256"});
  rsa.key_id = "rsa";
  auto hmac = hmac_key();
  hmac.key_id = "hmac";
  const auto it = authenticator({rsa, hmac});
  EXPECT_EQ(verdict(*it, token_of(kSecret, "hmac")), "ok");
  EXPECT_EQ(verdict(*it, token_of(kRsaPem, "rsa")), "algorithm_refused");
  EXPECT_EQ(verdict(*it, token_of(kSecret, "nobody")), "unknown_key");
}

// Regression: a key without an id takes every `kid`, so a `kid` that names no key was reported as the
// algorithm that this key does not list.
TEST(Authenticator, AnUnknownKidHasItsOwnReasonAlsoWithAKeyWithoutAnId) {
  auto rsa = public_key(kRsaPem, {"RS256"});
  const auto it = authenticator({key_of(kSecret, "a", ""), rsa});
  EXPECT_EQ(verdict(*it, sign(R"({"alg":"HS256","kid":"b"})", "{}", kSecret)), "unknown_key");
  EXPECT_EQ(verdict(*it, sign(R"({"alg":"RS256","kid":"b"})", "{}", kSecret)), "bad_signature");
  EXPECT_EQ(verdict(*it, sign(kHeader, "{}", kSecret)), "algorithm_refused") << "no kid, so none is unknown";
}

TEST(Authenticator, WhenNoKeyAdmitsATokenTheMostSpecificFaultIsReturnedInAnyOrder) {
  auto strict = key_of(kSecret, "", "");
  strict.require_exp = true;
  const auto issuer = key_of(kSecret, "", "A");
  const auto foreign = key_of(kOther, "", "");
  const string token = token_of(kSecret, "x");
  EXPECT_EQ(verdict(*authenticator({foreign}), token), "bad_signature");
  EXPECT_EQ(verdict(*authenticator({foreign, issuer}), token), "wrong_issuer");
  EXPECT_EQ(verdict(*authenticator({issuer, foreign}), token), "wrong_issuer");
  EXPECT_EQ(verdict(*authenticator({issuer, strict, foreign}), token), "missing_claim");
  EXPECT_EQ(verdict(*authenticator({foreign, strict, issuer}), token), "missing_claim");
  EXPECT_EQ(verdict(*authenticator({foreign, issuer, strict, hmac_key()}), token), "ok");
}

TEST(Authenticator, FormComesBeforeAlgorithmBeforeCritBeforeKeyBeforeSignatureBeforeClaims) {
  auto key = key_of(kSecret, "a", "A");
  const auto it = authenticator({key});
  const auto token = [](string_view rest, string_view alg, string_view secret, string_view claims) {
    return sign(R"({"alg":")" + string(alg) + "\"" + string(rest) + "}", claims, secret);
  };
  const string_view expired = R"({"iss":"A","exp":1})";
  EXPECT_EQ(verdict(*it, token(R"(,"kid":1,"crit":[])", "none", kOther, "x")), "malformed");
  EXPECT_EQ(verdict(*it, token(R"(,"kid":"b","crit":[])", "none", kOther, "x")), "algorithm_refused");
  EXPECT_EQ(verdict(*it, token(R"(,"kid":"b","crit":[])", "HS512", kOther, "x")), "algorithm_refused");
  EXPECT_EQ(verdict(*it, token(R"(,"kid":"b","crit":[])", "HS256", kOther, "x")), "unknown_critical");
  EXPECT_EQ(verdict(*it, token(R"(,"kid":"b")", "HS256", kOther, "x")), "unknown_key");
  EXPECT_EQ(verdict(*it, token(R"(,"kid":"a")", "HS256", kOther, "x")), "bad_signature");
  EXPECT_EQ(verdict(*it, token(R"(,"kid":"a")", "HS256", kSecret, "x")), "malformed");
  EXPECT_EQ(verdict(*it, token(R"(,"kid":"a")", "HS256", kSecret, R"({"exp":1})")), "wrong_issuer");
  EXPECT_EQ(verdict(*it, token(R"(,"kid":"a")", "HS256", kSecret, expired)), "expired");
}

TEST(Authenticator, ATokenSeenBeforeSharesItsIdentity) {
  const auto it = authenticator({hmac_key()});
  const string token = with_claims(R"({"sub":"alice"})");
  const auto first = it->verify(token, kNow);
  const auto second = it->verify(token, kNow);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->get(), second->get());
  EXPECT_EQ(it->counters().cache_hits, 1U);
  EXPECT_EQ(it->counters().cache_misses, 1U);
}

TEST(Authenticator, ARememberedTokenStillExpiresAtItsSecondAndFollowsTheClockBack) {
  const auto it = authenticator({hmac_key()});
  const string token = with_claims(R"({"nbf":1700000000,"exp":1700000010})");
  EXPECT_EQ(verdict(*it, token, kNow), "ok");
  EXPECT_EQ(verdict(*it, token, kNow + milliseconds(9999)), "ok");
  EXPECT_EQ(verdict(*it, token, kNow + seconds(10)), "expired");
  EXPECT_EQ(verdict(*it, token, kNow - milliseconds(1)), "not_yet_valid");
  EXPECT_EQ(verdict(*it, token, kNow + seconds(5)), "ok");
  EXPECT_EQ(it->counters().cache_hits, 2U);
}

TEST(Authenticator, WhatOneKeyCallsExpiredAnotherWithLeewayMayStillAdmit) {
  auto lenient = hmac_key();
  lenient.leeway = seconds(30);
  const auto it = authenticator({hmac_key(), lenient});
  const string token = with_claims(R"({"exp":1700000010})");
  EXPECT_EQ(verdict(*it, token, kNow), "ok");
  EXPECT_EQ(verdict(*it, token, kNow + seconds(10)), "ok");
  EXPECT_EQ(verdict(*it, token, kNow + seconds(39)), "ok");
  EXPECT_EQ(verdict(*it, token, kNow + seconds(40)), "expired");
  EXPECT_EQ(it->counters().cache_hits, 1U);
}

TEST(Authenticator, ARefusedTokenIsNotRemembered) {
  const auto it = authenticator({hmac_key()});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(verdict(*it, sign(kHeader, "{}", kOther)), "bad_signature");
    EXPECT_EQ(verdict(*it, with_claims(R"({"exp":1})")), "expired");
  }
  EXPECT_EQ(it->counters().cache_hits, 0U);
  EXPECT_EQ(it->counters().cache_misses, 6U);
}

TEST(Authenticator, WhatOneRemembersDoesNotAdmitAtAnother) {
  const auto first = authenticator({hmac_key()});
  const auto second = authenticator({hmac_key(kOther)});
  const string token = with_claims("{}");
  EXPECT_EQ(verdict(*first, token), "ok");
  EXPECT_EQ(verdict(*first, token), "ok");
  EXPECT_EQ(verdict(*second, token), "bad_signature");
}

TEST(Authenticator, AnyChangeToARememberedTokenIsJudgedAnew) {
  const auto it = authenticator({hmac_key()});
  const string token = with_claims(R"({"sub":"alice"})");
  ASSERT_EQ(verdict(*it, token), "ok");
  for (std::size_t i = 0; i < token.size(); ++i) {
    string bent = token;
    bent[i] = bent[i] == 'Q' ? 'R' : 'Q';
    EXPECT_NE(verdict(*it, bent), "ok") << i;
    EXPECT_NE(verdict(*it, token.substr(0, i)), "ok") << i;
  }
}

TEST(Authenticator, TheCacheHoldsAsManyTokensAsItsLimit) {
  const auto it = authenticator({hmac_key()}, {.cache_entries_max = 2});
  const string tokens[] = {with_claims(R"({"sub":"0"})"), with_claims(R"({"sub":"1"})"),
                           with_claims(R"({"sub":"2"})")};
  for (int i = 0; i < 2; ++i) {
    for (int n = 0; n < 2; ++n) verdict(*it, tokens[n]);
  }
  EXPECT_EQ(it->counters().cache_hits, 2U);  // two fit
  verdict(*it, tokens[2]);
  for (const string& token : tokens) verdict(*it, token);
  EXPECT_LE(it->counters().cache_hits, 4U);  // three do not
  const auto none = authenticator({hmac_key()}, {.cache_entries_max = 0});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(verdict(*none, tokens[0]), "ok");
  EXPECT_EQ(none->counters().cache_hits, 0U);
}

TEST(Authenticator, AnIdentityOutlivesTheAuthenticatorThatMadeIt) {
  Ref<const Identity> identity;
  {
    const auto it = authenticator({hmac_key()});
    identity = *it->verify(with_claims(R"({"sub":"alice"})"), kNow);
  }
  EXPECT_EQ(identity->subject(), "alice");
}

TEST(TokenFault, EachHasANameOfItsOwn) {
  std::set<string_view> names;
  for (const TokenFault fault : kTokenFaults) names.insert(name_of(fault));
  EXPECT_EQ(names.size(), kTokenFaults.size());
  EXPECT_EQ(names.count("unknown"), 0U);
  EXPECT_EQ(name_of(TokenFault::expired), "expired");
}

TEST(Mint, MakesATokenThatTheAuthenticatorAdmits) {
  const auto token = mint_hs256(kSecret, R"( {"sub":"alice","exp":1700000010} )");
  ASSERT_TRUE(token);
  const auto identity = authenticator({hmac_key()})->verify(*token, kNow);
  ASSERT_TRUE(identity);
  EXPECT_EQ((*identity)->subject(), "alice");
  EXPECT_EQ((*identity)->expires_at(), kNow + seconds(10));
}

TEST(Mint, MakesTheVeryTokenThatPyJwtMakes) {
  EXPECT_EQ(mint_hs256(kSecret, R"({"sub":"alice","exp":4102444800})").value_or(""), kTokenHs256);
}

TEST(Mint, RefusesWhatIsNoObjectAndAnEmptySecret) {
  for (const string_view claims : {"", "null", "[]", "alice", R"({"a":1,"a":2})", "{", "{}x"}) {
    EXPECT_FALSE(mint_hs256(kSecret, claims)) << claims;
  }
  EXPECT_FALSE(mint_hs256("", "{}"));
  EXPECT_TRUE(mint_hs256("short", "{}"));  // `carillon serve` is where a weak secret is refused
}

TEST(Authenticator, AChannelsClaimIsAllThatATokenPermits) {
  Authenticator::Options options;
  options.channels_claim = "rooms";
  const auto judge = authenticator({hmac_key()}, options);
  const auto permits = [&](std::string_view claims, std::string_view channel) {
    const auto identity = judge->verify(with_claims(claims), kNow);
    return identity && (*identity)->permits(channel);
  };
  EXPECT_TRUE(permits(R"({"rooms":["a","b:*"]})", "a"));
  EXPECT_TRUE(permits(R"({"rooms":["a","b:*"]})", "b:7"));
  EXPECT_FALSE(permits(R"({"rooms":["a","b:*"]})", "c"));
  EXPECT_FALSE(permits(R"({"rooms":["a","b:*"]})", "aa"));
  for (const auto* claims : {R"({})", R"({"rooms":[]})", R"({"rooms":"a"})", R"({"rooms":[1,null]})",
                             R"({"rooms":["a*a*"]})", R"({"rooms":{"a":1}})"}) {
    EXPECT_FALSE(permits(claims, "a")) << claims;
  }
  EXPECT_TRUE((*authenticator({hmac_key()})->verify(with_claims(R"({"rooms":[]})"), kNow))->permits("a"));
}

TEST(Authenticator, ATokensChannelsAtTheLimit) {
  Authenticator::Options options;
  options.channels_claim = "rooms";
  const auto judge = authenticator({hmac_key()}, options);
  std::string claims = R"({"rooms":[)";
  for (std::size_t i = 0; i <= kTokenChannelsMax; ++i)
    claims += (i ? ",\"r" : "\"r") + std::to_string(i) + "\"";
  const auto identity = judge->verify(with_claims(claims + "]}"), kNow);
  ASSERT_TRUE(identity.has_value());
  EXPECT_TRUE((*identity)->permits("r" + std::to_string(kTokenChannelsMax - 1)));
  EXPECT_FALSE((*identity)->permits("r" + std::to_string(kTokenChannelsMax)));
}

TEST(Authenticator, ATokenWithoutExpIsRefusedWhereTheEndpointWantsOne) {
  Authenticator::Options options;
  options.require_exp = true;
  const auto judge = authenticator({hmac_key()}, options);
  EXPECT_EQ(verdict(*judge, with_claims(R"({"sub":"a"})")), name_of(TokenFault::missing_claim));
  EXPECT_EQ(verdict(*judge, with_claims(R"({"exp":1800000000})")), "ok");
}

TEST(Authenticator, AnApiKeyAdmitsItsClients) {
  const auto judge = make_api_key_authenticator({Secret("first-key"), Secret("second-key")});
  EXPECT_EQ(verdict(*judge, "first-key"), "ok");
  EXPECT_EQ(verdict(*judge, "second-key"), "ok");
  for (const auto* wrong : {"", "first", "first-key ", "FIRST-KEY"}) {
    EXPECT_EQ(verdict(*judge, wrong), name_of(TokenFault::unknown_key)) << wrong;
  }
}

}  // namespace
}  // namespace carillon::auth

// Claims of well-signed tokens: missing, mistyped, expired and overflowing values.
#include "auth/claims.h"

#include <gtest/gtest.h>

#include "auth/numeric_date.h"
#include "auth/testing.h"

namespace carillon::auth {
namespace {

using namespace carillon::auth::testing;
using std::string;
using std::string_view;

constexpr milliseconds kTick{1};

string claim(string_view name, string_view value) {
  return "{\"" + string(name) + "\":" + string(value) + "}";
}

// Fresh keys each time, so that no cache affects the result.
string judged(string_view payload, WallTime now = kNow, const config::KeySettings& key = hmac_key()) {
  return verdict(*authenticator({key}), with_claims(payload), now);
}

TEST(Claims, ThePayloadMustBeAStrictJsonObject) {
  for (const string_view payload :
       {"", "null", "[]", "\"sub\"", "1", "{", R"({"sub":"a"}{)", R"({"sub":"a",})", R"({"sub":'a'})",
        R"({"x":01})", R"({"x":.5})", R"({"x":1.})", R"({"x":+1})", R"({"x":Infinity})", "{\"x\":\"\xFF\"}",
        "{\"\xC3\":1}", "{\"x\":\"\xF4\x90\x80\x80\"}", "{\"x\":\"\t\"}", "\xEF\xBB\xBF{}"}) {
    EXPECT_EQ(judged(payload), "malformed") << payload;
  }
  EXPECT_EQ(judged("{}"), "ok");
  EXPECT_EQ(judged(R"({"admin":true,"roles":["a"],"n":123456789012345678901234567890})"), "ok");
}

TEST(Claims, ATokenExpiresAtTheMillisecondOfItsExp) {
  const WallTime exp = kNow + seconds(10);
  EXPECT_EQ(judged(claim("exp", "1700000010"), exp - kTick), "ok");
  EXPECT_EQ(judged(claim("exp", "1700000010"), exp), "expired");
  EXPECT_EQ(judged(claim("exp", "1700000010"), exp + kTick), "expired");
  EXPECT_EQ(judged(claim("exp", "1700000010.0015"), exp + kTick), "ok");
  EXPECT_EQ(judged(claim("exp", "1700000010.0015"), exp + 2 * kTick), "expired");
  EXPECT_EQ(judged(claim("exp", "17.0000001e8"), exp - kTick), "ok");
  EXPECT_EQ(judged(claim("exp", "17.0000001e8"), exp), "expired");
}

TEST(Claims, ATokenIsGoodFromTheMillisecondOfItsNbf) {
  EXPECT_EQ(judged(claim("nbf", "1700000000"), kNow - kTick), "not_yet_valid");
  EXPECT_EQ(judged(claim("nbf", "1700000000"), kNow), "ok");
  EXPECT_EQ(judged(claim("nbf", "1700000000.0005"), kNow), "not_yet_valid");
  EXPECT_EQ(judged(claim("nbf", "1700000000.0005"), kNow + kTick), "ok");
  EXPECT_EQ(judged(claim("nbf", "-1"), kNow), "ok");
  EXPECT_EQ(judged(R"({"nbf":1700000005,"iat":1699999990})"), "not_yet_valid");
}

TEST(Claims, AnIatInTheFutureIsNoReasonForARefusal_Rfc7519_4_1_6) {
  for (const string_view iat : {"1700000001", "1700000000.0005", "1700003600", "99999999999", "-1"}) {
    EXPECT_EQ(judged(claim("iat", iat), kNow), "ok") << iat;
  }
  EXPECT_EQ(judged(R"({"nbf":1699999990,"iat":1700000005})"), "ok");
  const auto identity = authenticator({hmac_key()})->verify(with_claims(claim("iat", "1700000001")), kNow);
  EXPECT_TRUE(identity) << "a token issued by a clock that is one second ahead was refused";
}

TEST(Claims, TimesInMillisecondsAreRefusedUnderTheirOwnReason) {
  for (const string_view name : {"exp", "nbf", "iat"}) {
    // An hour ago in milliseconds: was admitted as an exp of the year 55839.
    for (const string_view ms : {"1699996400000", "100000000000", "100000000000.5", "1e11", "1000e8", "1e18",
                                 "9223372036854775807"}) {
      EXPECT_EQ(judged(claim(name, ms)), "time_in_milliseconds") << name << ms;
    }
    EXPECT_NE(judged(claim(name, "99999999999")), "time_in_milliseconds") << name;
    EXPECT_NE(judged(claim(name, "99999999999.999")), "time_in_milliseconds") << name;
    EXPECT_NE(judged(claim(name, "-100000000000")), "time_in_milliseconds") << name;
  }
}

TEST(Claims, LeewayIsAllowedOnEachSideAndIsNoMore) {
  auto key = hmac_key();
  key.leeway = seconds(30);
  const WallTime early = kNow - seconds(30), late = kNow + seconds(30);
  EXPECT_EQ(judged(claim("exp", "1700000000"), late - kTick, key), "ok");
  EXPECT_EQ(judged(claim("exp", "1700000000"), late, key), "expired");
  EXPECT_EQ(judged(claim("nbf", "1700000000"), early - kTick, key), "not_yet_valid");
  EXPECT_EQ(judged(claim("nbf", "1700000000"), early, key), "ok");
  const auto identity = authenticator({key})->verify(with_claims(claim("exp", "1700000000")), kNow);
  ASSERT_TRUE(identity);
  EXPECT_EQ((*identity)->expires_at(), late);  // or the connection would close as it opens
}

TEST(Claims, MistypedOrOverflowingTimesAreMalformed) {
  for (const string_view name : {"exp", "nbf", "iat"}) {
    for (const string_view value :
         {"null", "true", "\"1700000000\"", "\"\"", "[]", "[1700000000]", "{}", "1e400", "-1e400",
          "1e999999999999", "9223372036854775808", "18446744073709551616", "18446744075409551616",
          "100000000000000000000000000000000000000000000"}) {
      EXPECT_EQ(judged(claim(name, value)), "malformed") << name << value;
    }
  }
}

TEST(Claims, TimesFarInThePastOrFutureDoNotWrap) {
  auto key = hmac_key();
  key.leeway = seconds(30);
  for (const string_view far : {"99999999999", "9223372037"}) {
    EXPECT_EQ(judged(claim("exp", far), kNow, key), "ok") << far;
    EXPECT_EQ(judged(claim("nbf", far), kNow, key), "not_yet_valid") << far;
  }
  for (const string_view far : {"-9223372036854775807", "-9223372036854775", "-1e18", "-9223372037"}) {
    EXPECT_EQ(judged(claim("exp", far), kNow, key), "expired") << far;
    EXPECT_EQ(judged(claim("nbf", far), kNow, key), "ok") << far;
  }
  EXPECT_EQ(judged(claim("exp", "0")), "expired");
  EXPECT_EQ(judged(claim("exp", "-0.0")), "expired");
  EXPECT_EQ(judged(claim("exp", "-1")), "expired");
  const auto identity = authenticator({hmac_key()})->verify(with_claims(claim("exp", "99999999999")), kNow);
  ASSERT_TRUE(identity);
  EXPECT_EQ((*identity)->expires_at(), WallTime(kNumericDateMax));
}

TEST(Claims, WithoutTimesATokenIsGoodForeverUnlessTheKeyRequiresExp) {
  EXPECT_EQ(judged("{}", WallTime{}), "ok");
  const auto identity = authenticator({hmac_key()})->verify(with_claims("{}"), kNow);
  ASSERT_TRUE(identity);
  EXPECT_EQ((*identity)->expires_at(), std::nullopt);
  EXPECT_EQ((*identity)->subject(), "");
  auto strict = hmac_key();
  strict.require_exp = true;
  EXPECT_EQ(judged("{}", kNow, strict), "missing_claim");
  EXPECT_EQ(judged(claim("nbf", "1"), kNow, strict), "missing_claim");
  EXPECT_EQ(judged(claim("exp", "1700000001"), kNow, strict), "ok");
  EXPECT_EQ(judged(claim("exp", "null"), kNow, strict), "malformed");
}

TEST(Claims, TheIssuerMustBeTheKeysExactly) {
  auto key = hmac_key();
  key.issuer = "https://id.example.com";
  EXPECT_EQ(judged(claim("iss", R"("https://id.example.com")"), kNow, key), "ok");
  EXPECT_EQ(judged(claim("iss", R"("https:\/\/id.example.com")"), kNow, key), "ok");
  for (const string_view other :
       {R"("https://id.example.com/")", R"("HTTPS://id.example.com")", R"("https://id.example.co")",
        R"("https://id.example.com\u0000")", R"("")"}) {
    EXPECT_EQ(judged(claim("iss", other), kNow, key), "wrong_issuer") << other;
  }
  EXPECT_EQ(judged("{}", kNow, key), "wrong_issuer");
  EXPECT_EQ(judged(claim("iss", R"("anyone")")), "ok");
}

TEST(Claims, TheAudienceIsAStringOrAnArrayOfStringsThatHoldsTheKeys) {
  auto key = hmac_key();
  key.audience = "gateway";
  for (const string_view good :
       {R"("gateway")", R"(["gateway"])", R"(["api","gateway"])", R"(["gateway","gateway"])"}) {
    EXPECT_EQ(judged(claim("aud", good), kNow, key), "ok") << good;
  }
  for (const string_view bad :
       {R"("gateways")", R"("Gateway")", R"("api gateway")", R"("")", "[]", R"(["api"])"}) {
    EXPECT_EQ(judged(claim("aud", bad), kNow, key), "wrong_audience") << bad;
    EXPECT_EQ(judged(claim("aud", bad)), "ok") << bad;
  }
  EXPECT_EQ(judged("{}", kNow, key), "wrong_audience");
}

TEST(Claims, MistypedTextsAreMalformedWhetherOrNotTheKeyAsksForThem) {
  for (const string_view name : {"iss", "sub", "aud"}) {
    for (const string_view value : {"null", "1", "true", "{}", R"("\ud800")", "[1]", "[null]",
                                    R"(["gateway",1])", R"([["gateway"]])", R"([{"a":"gateway"}])"}) {
      EXPECT_EQ(judged(claim(name, value)), "malformed") << name << value;
    }
  }
  EXPECT_EQ(judged(claim("iss", "[]")), "malformed");
  EXPECT_EQ(judged(claim("sub", R"(["alice"])")), "malformed");
}

TEST(Claims, TheSubjectIsTakenUnescaped) {
  const auto it = authenticator({hmac_key()});
  const std::pair<string_view, string> rows[] = {{R"("alice")", "alice"},
                                                 {R"("")", ""},
                                                 {R"("a\u0000b")", string("a\0b", 3)},
                                                 {R"("\ud83d\ude00")", "\xF0\x9F\x98\x80"}};
  for (const auto& [value, expected] : rows) {
    const auto identity = it->verify(with_claims(claim("sub", value)), kNow);
    ASSERT_TRUE(identity) << value;
    EXPECT_EQ((*identity)->subject(), expected);
  }
}

TEST(Claims, AreNotReadBeforeTheSignatureIsGood) {
  const auto it = authenticator({hmac_key()});
  const string forged = sign(kHeader, "not JSON", "some other secret");
  EXPECT_EQ(verdict(*it, forged), "bad_signature");
  EXPECT_EQ(verdict(*it, with_claims("not JSON")), "malformed");
}

// --- channels that a claim selects --------------------------------------------------------------

string selecting(string_view payload) {
  const auto it = authenticator({hmac_key()}, {.selection_claim = "rooms", .selection_max = 2});
  const auto identity = it->verify(with_claims(payload), kNow);
  if (!identity) return string(name_of(identity.error())) + " " + it->shown();
  string all;
  for (const string& channel : (*identity)->selected()) all += channel + "|";
  return all;
}

TEST(SelectedChannels, AreAStringOrAnArrayOfStringsEachOnce) {
  EXPECT_EQ(selecting(R"({"rooms":"a"})"), "a|");
  EXPECT_EQ(selecting(R"({"rooms":["b","a","b"]})"), "b|a|");
  EXPECT_EQ(selecting(R"({"rooms":[]})"), "");
  EXPECT_EQ(selecting("{}"), "no_selection claim \"rooms\"");
  EXPECT_EQ(selecting(R"({"rooms":["a","b","c"]})"), "bad_selection claim \"rooms\"");
  for (const char* bad : {"1", "null", "true", "{}", "[[]]", "[\"a\",1]", "\"\"", "\"\\ud800\""}) {
    EXPECT_EQ(selecting(R"({"rooms":)" + string(bad) + "}"), "bad_selection claim \"rooms\"") << bad;
  }
}

// A key of another tenant, tried before, must not hide what is wrong with the token.
TEST(SelectedChannels, AreReportedAlsoWhenAnotherKeyWasTriedBefore) {
  const auto it = authenticator({hmac_key("the secret of quite another tenant"), hmac_key()},
                                {.selection_claim = "rooms"});
  EXPECT_EQ(verdict(*it, with_claims("{}")), "no_selection");
  EXPECT_EQ(it->shown(), "claim \"rooms\"");
}

TEST(SelectedChannels, AreAtMost1024InAnyToken) {
  const auto state_of = [](std::size_t count) {
    string list;
    for (std::size_t i = 0; i < count; ++i) list += (i > 0 ? ",\"c" : "\"c") + std::to_string(i) + "\"";
    return parse_claims("{\"rooms\":[" + list + "]}", {.channels = {}, .selection = "rooms"})->selected.state;
  };
  EXPECT_EQ(state_of(1023), Selected::State::present);
  EXPECT_EQ(state_of(1024), Selected::State::present);
  EXPECT_EQ(state_of(1025), Selected::State::malformed);
}

}  // namespace
}  // namespace carillon::auth

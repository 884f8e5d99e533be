// Tokens that are refused because of their form, their algorithm or their header.
#include <gtest/gtest.h>

#include "auth/claims.h"
#include "auth/compact_jws.h"
#include "auth/testing.h"

namespace carillon::auth {
namespace {

using namespace carillon::auth::testing;
using namespace carillon::auth::vectors;
using std::string;
using std::string_view;

string repeat(string_view text, std::size_t times) {
  string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

TEST(TokenForm, ATokenIsExactlyThreeParts) {
  const auto it = authenticator({hmac_key()});
  const string good = with_claims("{}");
  ASSERT_EQ(verdict(*it, good), "ok");
  for (const string& token : {string(), string("."), string(".."), string("..."), string("a"), string("a.b"),
                              good + ".", "." + good, good + ".e30", good.substr(0, good.rfind('.')),
                              good.substr(good.find('.') + 1), "Bearer " + good}) {
    EXPECT_EQ(verdict(*it, token), "malformed") << token;
  }
}

TEST(TokenForm, NonCanonicalBase64UrlIsRefusedInEachPart) {
  const auto it = authenticator({hmac_key()});
  const string good = with_claims(R"({"sub":"alice"})");
  const std::size_t ends[] = {good.find('.'), good.rfind('.'), good.size()};
  for (const std::size_t end : ends) {
    for (const string_view extra : {"=", "==", " ", "\n", "\r\n", "+", "/", "\t", "%3D", "\x80"}) {
      EXPECT_EQ(verdict(*it, string(good).insert(end, extra)), "malformed") << end << extra;
    }
    EXPECT_EQ(verdict(*it, string(good).insert(end, 1, '\0')), "malformed");
  }
  for (const string_view extra : {" ", "\n", "="}) {
    EXPECT_EQ(verdict(*it, string(extra) + good), "malformed");
  }
}

TEST(TokenForm, StrayBitsInTheLastLetterOfTheSignatureAreRefused) {
  // 32 bytes are 43 letters, the last with two unused bits: four spellings, of which one is canonical.
  const auto it = authenticator({hmac_key()});
  constexpr string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const string good = with_claims("{}");
  const std::size_t last = kLetters.find(good.back());
  for (std::size_t stray = 1; stray < 4; ++stray) {
    EXPECT_EQ(verdict(*it, good.substr(0, good.size() - 1) + kLetters[last + stray]), "malformed");
  }
}

TEST(TokenForm, ATokenMayHaveAsManyBytesAsTheLimit) {
  string claims = R"({"sub":"alice","pad":")";
  const std::size_t base = with_claims(claims + "\"}").size();
  const string token = with_claims(claims + string((8192 - base) / 4 * 3, 'x') + "\"}");
  ASSERT_LE(token.size(), 8192U);
  const auto size = static_cast<std::uint32_t>(token.size());
  const auto exact = authenticator({hmac_key()}, {.token_bytes_max = size});
  const auto larger = authenticator({hmac_key()}, {.token_bytes_max = size + 1});
  const auto smaller = authenticator({hmac_key()}, {.token_bytes_max = size - 1});
  EXPECT_EQ(verdict(*larger, token), "ok");
  EXPECT_EQ(verdict(*exact, token), "ok");
  EXPECT_EQ(verdict(*smaller, token), "too_long");
  EXPECT_EQ(verdict(*exact, string(8 << 20, 'x')), "too_long");
}

TEST(TokenForm, TheHeaderMustBeAStrictJsonObject) {
  const auto it = authenticator({hmac_key()});
  for (const string_view header : {"",
                                   " ",
                                   "null",
                                   "[]",
                                   "\"HS256\"",
                                   "1",
                                   "{",
                                   "}",
                                   "{}{}",
                                   R"({"alg":"HS256"}x)",
                                   R"({"alg":"HS256",})",
                                   R"({'alg':'HS256'})",
                                   R"({alg:"HS256"})",
                                   R"({"alg":"HS256"}//)",
                                   R"([{"alg":"HS256"}])",
                                   "\xEF\xBB\xBF{\"alg\":\"HS256\"}",
                                   R"({"alg":"HS256","x":01})",
                                   R"({"alg":"HS256","x":NaN})",
                                   "{\"alg\":\"HS256\",\"x\":\"\xFF\"}",
                                   "{\"alg\":\"HS256\",\"x\":\"\xC0\xAF\"}",
                                   "{\"alg\":\"HS256\",\"x\":\"\xED\xA0\x80\"}",
                                   "{\"alg\":\"HS256\",\"x\":\"\n\"}",
                                   R"({"alg":"HS256","x":"\q"})"}) {
    EXPECT_EQ(verdict(*it, with_header(header)), "malformed") << header;
  }
  EXPECT_EQ(verdict(*it, with_header(string_view("{\"alg\":\"HS256\"}\0", 16))), "malformed");
  EXPECT_EQ(verdict(*it, with_header(" {\r\n\t\"alg\" : \"HS256\" } ")), "ok");
}

TEST(TokenForm, DuplicateMembersAreRefusedInHeaderAndPayloadAtAnyDepthAndInAnySpelling) {
  const auto it = authenticator({hmac_key()});
  for (const string_view header :
       {R"({"alg":"HS256","alg":"HS256"})", R"({"alg":"none","alg":"HS256"})",
        R"({"alg":"HS256","alg":"none"})", R"({"alg":"HS256","\u0061lg":"HS256"})",
        R"({"alg":"HS256","kid":"a","kid":"b"})", R"({"alg":"HS256","x":{"y":1,"y":1}})",
        R"({"alg":"HS256","x":[{"y":1,"y":2}]})"}) {
    EXPECT_EQ(verdict(*it, with_header(header)), "malformed") << header;
  }
  for (const string_view payload :
       {R"({"sub":"a","sub":"b"})", R"({"exp":1,"exp":4102444800})", R"({"exp":4102444800,"\u0065xp":1})",
        R"({"x":{"y":1,"y":1}})", R"({"x":[[{"":1,"":1}]]})"}) {
    EXPECT_EQ(verdict(*it, with_claims(payload)), "malformed") << payload;
  }
  EXPECT_EQ(verdict(*it, with_claims(R"({"sub":"a","Sub":"b","SUB":"c","x":{"sub":"d"}})")), "ok");
}

TEST(TokenForm, NoneIsRefusedInAnySpellingWithOrWithoutASignature) {
  const auto it = authenticator({hmac_key()});
  for (const string_view none :
       {"none", "None", "NONE", "nOnE", "none ", " none", "no\\u006ee", "\\u004eone"}) {
    const string header = R"({"alg":")" + string(none) + R"("})";
    const string unsigned_token = encode_base64url(header) + "." + encode_base64url("{}") + ".";
    EXPECT_EQ(verdict(*it, unsigned_token), "algorithm_refused") << none;
    EXPECT_EQ(verdict(*it, with_header(header)), "algorithm_refused") << none;
  }
}

TEST(TokenForm, AMissingOrMistypedAlgIsMalformedAndAnUnknownOneRefused) {
  const auto it = authenticator({hmac_key()});
  for (const string_view header :
       {R"({})", R"({"alg":null})", R"({"alg":256})", R"({"alg":["HS256"]})", R"({"alg":{"HS256":1}})",
        R"({"alg":true})", R"({"alg":""})", R"({"Alg":"HS256"})", R"({"alg":"\ud800"})"}) {
    EXPECT_EQ(verdict(*it, with_header(header)), "malformed") << header;
  }
  for (const string_view header : {R"({"alg":"hs256"})", R"({"alg":"HS256 "})", R"({"alg":"HS256\u0000"})",
                                   R"({"alg":"HS25"})", R"({"alg":"HS2566"})", R"({"alg":"HMAC"})",
                                   R"({"alg":"ES256K"})", R"({"alg":"dir"})", R"({"alg":"EDDSA"})"}) {
    EXPECT_EQ(verdict(*it, with_header(header)), "algorithm_refused") << header;
  }
  EXPECT_EQ(verdict(*it, with_header(R"({"\u0061lg":"HS\u003256"})")), "ok");  // JSON spells it so, too
}

TEST(TokenForm, AnAlgorithmOutsideTheKeysListIsRefusedThoughTheSignatureIsGood) {
  const auto it = authenticator({hmac_key(kSecret, {"HS384"})});
  EXPECT_EQ(verdict(*it, kTokenHs384), "ok");
  EXPECT_EQ(verdict(*it, kTokenHs256), "algorithm_refused");
  EXPECT_EQ(verdict(*it, kTokenHs512), "algorithm_refused");
  EXPECT_EQ(verdict(*it, kTokenRs256), "algorithm_refused");
}

TEST(TokenForm, ThePublicKeyAsHmacSecretIsRefused) {
  const auto rsa = authenticator({public_key(kRsaPem, {"RS256"})});
  EXPECT_EQ(verdict(*rsa, kTokenConfusion), "algorithm_refused");
  // Even where another key lists HS256, the public key is never a secret.
  const auto both = authenticator({public_key(kRsaPem, {"RS256"}), hmac_key()});
  EXPECT_EQ(verdict(*both, kTokenConfusion), "bad_signature");
  EXPECT_EQ(verdict(*both, kTokenRs256), "ok");
  EXPECT_EQ(verdict(*both, kTokenHs256), "ok");
}

TEST(TokenForm, AnyCritIsRefused) {
  const auto it = authenticator({hmac_key()});
  for (const string_view crit :
       {R"(["exp"])", R"(["b64"])", "[]", "null", R"("b64")", "{}", "false", R"(["alg"])"}) {
    EXPECT_EQ(verdict(*it, with_header(R"({"alg":"HS256","b64":true,"crit":)" + string(crit) + "}")),
              "unknown_critical")
        << crit;
  }
}

TEST(TokenForm, KeysThatATokenBringsAlongAreIgnored) {
  const auto it = authenticator({hmac_key()});
  const string extras =
      R"({"alg":"HS256","typ":"JWT","jku":"https://evil.example/keys","x5u":"file:///etc/passwd",)"
      R"("jwk":{"kty":"oct","k":"ZXZpbA"},"x5c":["AAAA"],"x5t":1,"zip":"DEF","cty":null})";
  EXPECT_EQ(verdict(*it, with_header(extras)), "ok");
  EXPECT_EQ(verdict(*it, sign(extras, "{}", "evil")), "bad_signature");
}

TEST(TokenForm, AKidOfAnyFormOnlyChoosesAmongTheConfiguredKeys) {
  auto named = hmac_key();
  named.key_id = "2026-01";
  const auto it = authenticator({named});
  const auto token = [](string_view kid) {
    return with_header(R"({"alg":"HS256","kid":)" + string(kid) + "}");
  };
  EXPECT_EQ(verdict(*it, token(R"("2026-01")")), "ok");
  EXPECT_EQ(verdict(*it, token(R"("2026-0\u0031")")), "ok");
  EXPECT_EQ(verdict(*it, with_header(kHeader)), "unknown_key");
  for (const string_view kid : {R"("")", R"("2026-02")", R"("2026-01 ")", R"("2026-01\u0000")",
                                R"("../../dev/null")", R"("/dev/null")", R"("https://evil.example/k")",
                                R"("' OR 1=1 --")", R"("\u0000")", R"("|/bin/sh")"}) {
    EXPECT_EQ(verdict(*it, token(kid)), "unknown_key") << kid;
  }
  for (const string_view kid : {"null", "1", "[]", R"(["2026-01"])", "{}", "true", R"("\ud800")"}) {
    EXPECT_EQ(verdict(*it, token(kid)), "malformed") << kid;
  }
}

TEST(TokenForm, AKidMayHave256Bytes) {
  const auto it = authenticator({hmac_key()}, {.token_bytes_max = 256 * 1024});
  const auto token = [](std::size_t size) {
    return with_header(R"({"alg":"HS256","kid":")" + string(size, 'k') + "\"}");
  };
  EXPECT_EQ(verdict(*it, token(kKeyIdBytesMax - 1)), "ok");
  EXPECT_EQ(verdict(*it, token(kKeyIdBytesMax)), "ok");
  EXPECT_EQ(verdict(*it, token(kKeyIdBytesMax + 1)), "malformed");
  EXPECT_EQ(verdict(*it, token(64 * 1024)), "malformed");
  EXPECT_EQ(verdict(*authenticator({hmac_key()}), token(64 * 1024)), "too_long");
}

TEST(TokenForm, NestingIsBoundedInHeaderAndPayload) {
  const auto it = authenticator({hmac_key()}, {.token_bytes_max = 1024 * 1024});
  // The object that holds them is one level itself.
  const auto nested = [](unsigned depth) { return repeat("[", depth - 1) + repeat("]", depth - 1); };
  for (const auto& [depth, expected] : {std::pair<unsigned, string>{kTokenDepthMax - 1, "ok"},
                                        {kTokenDepthMax, "ok"},
                                        {kTokenDepthMax + 1, "malformed"},
                                        {100'000, "malformed"}}) {
    EXPECT_EQ(verdict(*it, with_claims(R"({"x":)" + nested(depth) + "}")), expected) << depth;
    EXPECT_EQ(verdict(*it, with_header(R"({"alg":"HS256","x":)" + nested(depth) + "}")), expected) << depth;
  }
}

TEST(TokenForm, MembersAreBoundedInHeaderAndPayload) {
  const auto it = authenticator({hmac_key()}, {.token_bytes_max = 1024 * 1024});
  for (const auto& [count, expected] : {std::pair<std::size_t, string>{kTokenMembersMax - 1, "ok"},
                                        {kTokenMembersMax, "ok"},
                                        {kTokenMembersMax + 1, "malformed"}}) {
    string members = R"("alg":"HS256")";
    for (std::size_t i = 1; i < count; ++i) members += ",\"" + std::to_string(i) + "\":0";
    EXPECT_EQ(verdict(*it, with_header("{" + members + "}")), expected) << count;
    EXPECT_EQ(verdict(*it, with_claims("{" + members + "}")), expected) << count;
  }
}

}  // namespace
}  // namespace carillon::auth

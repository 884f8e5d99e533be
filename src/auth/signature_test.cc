// Signatures made elsewhere: the RFCs' own examples, and tokens of PyJWT and pyca/cryptography.
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "auth/public_key.h"
#include "auth/rfc_vectors.h"
#include "auth/testing.h"

namespace carillon::auth {
namespace {

using namespace carillon::auth::testing;
using namespace carillon::auth::vectors;
using std::string;
using std::string_view;

// The vectors of RFC 7515 expired in 2011.
constexpr WallTime kIn2011{seconds(1'300'819'379)};

string rfc_a1_secret() {
  string secret;
  EXPECT_TRUE(decode_base64url(rfc::kA1Secret, secret));
  return secret;
}

struct Split {
  string_view input;
  string signature;
};
Split split(string_view token) {
  const std::size_t dot = token.rfind('.');
  Split result{token.substr(0, dot), {}};
  EXPECT_TRUE(decode_base64url(token.substr(dot + 1), result.signature));
  return result;
}

TEST(Signature, TheExamplesOfRfc7515AppendixAVerifyUntilTheirExp) {
  const auto hs = authenticator({hmac_key(rfc_a1_secret())});
  const auto rs = authenticator({public_key(rfc::kA2Pem, {"RS256"})});
  const auto es = authenticator({public_key(rfc::kA3Pem, {"ES256"})});
  ASSERT_TRUE(hs && rs && es);
  EXPECT_EQ(verdict(*hs, rfc::kA1Token, kIn2011), "ok");
  EXPECT_EQ(verdict(*rs, rfc::kA2Token, kIn2011), "ok");
  EXPECT_EQ(verdict(*es, rfc::kA3Token, kIn2011), "ok");
  EXPECT_EQ(verdict(*hs, rfc::kA1Token, kIn2011 + seconds(1)), "expired");
  EXPECT_EQ(verdict(*rs, rfc::kA2Token, kIn2011 + seconds(1)), "expired");
  EXPECT_EQ(verdict(*es, rfc::kA3Token, kIn2011 + seconds(1)), "expired");
  for (const auto* any : {&hs, &rs, &es}) {
    EXPECT_EQ(verdict(**any, rfc::kA5Token, kIn2011), "algorithm_refused");
  }
}

TEST(Signature, TheExamplesWhosePayloadIsNoJsonVerifyAsSignaturesAndAreNoTokens) {
  auto es512 = PublicKey::parse(rfc::kA4Pem);
  auto ed25519 = PublicKey::parse(rfc::kEdPem);
  ASSERT_TRUE(es512 && ed25519);
  const Split a4 = split(rfc::kA4Token), ed = split(rfc::kEdToken);
  EXPECT_TRUE(es512->verify(Algorithm::es512, a4.input, a4.signature));
  EXPECT_TRUE(ed25519->verify(Algorithm::eddsa, ed.input, ed.signature));
  EXPECT_EQ(verdict(*authenticator({public_key(rfc::kA4Pem, {"ES512"})}), rfc::kA4Token), "malformed");
  EXPECT_EQ(verdict(*authenticator({public_key(rfc::kEdPem, {"EdDSA"})}), rfc::kEdToken), "malformed");
}

struct Made {
  string algorithm;
  string_view pem;  // "": the shared secret
  string_view token;
};
const std::vector<Made> kMade = {
    {"HS256", "", kTokenHs256},          {"HS384", "", kTokenHs384},
    {"HS512", "", kTokenHs512},          {"RS256", kRsaPem, kTokenRs256},
    {"RS384", kRsaPem, kTokenRs384},     {"RS512", kRsaPem, kTokenRs512},
    {"PS256", kRsaPem, kTokenPs256},     {"PS384", kRsaPem, kTokenPs384},
    {"PS512", kRsaPem, kTokenPs512},     {"ES256", kEs256Pem, kTokenEs256},
    {"ES384", kEs384Pem, kTokenEs384},   {"ES512", kEs512Pem, kTokenEs512},
    {"EdDSA", kEd25519Pem, kTokenEddsa}, {"RS256", kRsaPkcs1Pem, kTokenRs256},
    {"PS256", kRsaPssPem, kTokenPssKey}, {"ES256", kEs256Pem, kTokenEs256ShortR}};

config::KeySettings key_of(const Made& made) {
  return made.pem.empty() ? hmac_key(kSecret, {made.algorithm}) : public_key(made.pem, {made.algorithm});
}

TEST(Signature, ATokenOfEachAlgorithmIsAdmittedByItsKey) {
  for (const Made& made : kMade) {
    const auto it = authenticator({key_of(made)});
    ASSERT_TRUE(it) << made.algorithm;
    const auto identity = it->verify(made.token, kNow);
    ASSERT_TRUE(identity) << made.algorithm << ": " << name_of(identity.error());
    EXPECT_EQ((*identity)->subject(), "alice");
    EXPECT_EQ((*identity)->expires_at(), WallTime(seconds(4102444800)));
  }
}

TEST(Signature, OneFlippedBitInAnyPartIsRefused) {
  for (const Made& made : kMade) {
    const auto it = authenticator({key_of(made)});
    const Split parts = split(made.token);
    for (std::size_t i = 0; i < parts.signature.size(); i += made.pem.empty() ? 1U : 7U) {
      string bent = parts.signature;
      bent[i] = static_cast<char>(bent[i] ^ 1);
      EXPECT_EQ(verdict(*it, string(parts.input) + "." + encode_base64url(bent)), "bad_signature")
          << made.algorithm;
    }
    string payload(made.token);
    const std::size_t inside = payload.find('.') + 5;
    payload[inside] = payload[inside] == 'A' ? 'B' : 'A';
    EXPECT_EQ(verdict(*it, payload), "bad_signature") << made.algorithm;
  }
}

TEST(Signature, ASignatureOfAnotherLengthIsRefused) {
  for (const Made& made : kMade) {
    const auto it = authenticator({key_of(made)});
    const Split parts = split(made.token);
    const string input = string(parts.input) + ".";
    string longer = parts.signature + '\0', leading = '\0' + parts.signature,
           twice = parts.signature + parts.signature;
    const string shorter = parts.signature.substr(0, parts.signature.size() - 1);
    for (const string& bent : {string(), string(1, '\0'), shorter, longer, leading, twice,
                               parts.signature.substr(0, parts.signature.size() / 2), string(6000, 'x')}) {
      EXPECT_EQ(verdict(*it, input + encode_base64url(bent)), "bad_signature")
          << made.algorithm << " " << bent.size();
    }
  }
}

TEST(Signature, AnotherKeyOfTheSameKindRefuses) {
  EXPECT_EQ(verdict(*authenticator({public_key(kRsaOtherPem, {"RS256"})}), kTokenRs256), "bad_signature");
  EXPECT_EQ(verdict(*authenticator({public_key(rfc::kA3Pem, {"ES256"})}), kTokenEs256), "bad_signature");
  EXPECT_EQ(verdict(*authenticator({public_key(rfc::kEdPem, {"EdDSA"})}), kTokenEddsa), "bad_signature");
  EXPECT_EQ(verdict(*authenticator({hmac_key("another secret of 32 bytes, or so")}), kTokenHs256),
            "bad_signature");
}

TEST(Signature, EcdsaOfZerosOrOnesOrTheGroupOrderIsRefused) {
  const auto it = authenticator({public_key(kEs256Pem, {"ES256"})});
  const string input = string(split(kTokenEs256).input) + ".";
  const string order(
      "\xFF\xFF\xFF\xFF\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
      "\xBC\xE6\xFA\xAD\xA7\x17\x9E\x84\xF3\xB9\xCA\xC2\xFC\x63\x25\x51",
      32);
  const string zero(32, '\0'), ones(32, '\xFF'), one = string(31, '\0') + '\1';
  for (const string& r : {zero, ones, one, order}) {
    for (const string& s : {zero, ones, one, order}) {
      EXPECT_EQ(verdict(*it, input + encode_base64url(r + s)), "bad_signature");
    }
  }
}

TEST(Signature, OtherEncodingsOfAGoodSignatureAreRefused) {
  EXPECT_EQ(verdict(*authenticator({public_key(kEs256Pem, {"ES256"})}), kTokenEs256Der), "bad_signature");
  EXPECT_EQ(verdict(*authenticator({public_key(kEs256Pem, {"ES256"})}), kTokenEs256CutR), "bad_signature");
  EXPECT_EQ(verdict(*authenticator({public_key(kRsaPem, {"PS256"})}), kTokenPs256Salt20), "bad_signature");
  EXPECT_EQ(verdict(*authenticator({public_key(kRsaPem, {"PS256", "RS256"})}), kTokenPs256ByPkcs1),
            "bad_signature");
}

TEST(Signature, TheHeadersAlgorithmDecidesAmongThoseOfOneKeyAndTheSignatureMustBeOfIt) {
  const auto all =
      authenticator({public_key(kRsaPem, {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})});
  for (const string_view token :
       {kTokenRs256, kTokenRs384, kTokenRs512, kTokenPs256, kTokenPs384, kTokenPs512}) {
    EXPECT_EQ(verdict(*all, token), "ok");
    const string body(token.substr(token.find('.')));
    for (const string_view header : {R"({"alg":"RS256"})", R"({"alg":"PS384"})"}) {
      EXPECT_EQ(verdict(*all, encode_base64url(header) + body), "bad_signature");
    }
  }
}

TEST(Signature, AFailureLeavesNothingInOpensslsErrorQueueForTheNextTlsCall) {
  for (const Made& made : kMade) {
    const auto it = authenticator({key_of(made)});
    const Split parts = split(made.token);
    for (const string& bent : {string(), string("x"), string(parts.signature.size(), '\xFF')}) {
      verdict(*it, string(parts.input) + "." + encode_base64url(bent));
      EXPECT_EQ(ERR_peek_error(), 0UL) << made.algorithm;
    }
  }
  EXPECT_FALSE(PublicKey::parse("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

}  // namespace
}  // namespace carillon::auth

// JSON Web Key Sets: which keys of a document are used, and which documents are refused.
#include "auth/jwks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/compact_jws.h"
#include "auth/testing/signing_key.h"

namespace carillon::auth {
namespace {

using namespace carillon::auth::testing;
using std::string;
using ::testing::HasSubstr;

// RFC 7517 appendix A.1.
constexpr std::string_view kRfcSet =
    R"({"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",)"
    R"("y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"},{"kty":"RSA",)"
    R"("n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRX)"
    R"(jBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJ)"
    R"(ZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIq)"
    R"(bw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}]})";

string fault_of(std::string_view document) {
  const auto set = parse_jwks(document);
  return set ? "" : set.error().message;
}

// Why the only key of a document is not used.
string why_ignored(const string& jwk) { return fault_of(jwks_of({jwk})); }

std::vector<Algorithm> algorithms_of(const SigningKey& key, std::string_view more = {}) {
  const auto set = parse_jwks(jwks_of({key.jwk(more)}));
  return set ? set->keys.at(0).algorithms.list() : std::vector<Algorithm>{};
}

TEST(Jwks, TheExampleOfRfc7517AppendixA1HasOneKeyForSignatures) {
  const auto set = parse_jwks(kRfcSet);
  ASSERT_TRUE(set) << set.error().message;
  ASSERT_EQ(set->keys.size(), 1U);
  EXPECT_EQ(set->keys[0].key_id, "2011-04-29");
  EXPECT_EQ(set->keys[0].algorithms.list(), std::vector{Algorithm::rs256});
  EXPECT_EQ(set->ignored, 1U);
  EXPECT_THAT(set->ignored_why, ::testing::ElementsAre("kid \"1\" is not for signatures (use)"));
}

TEST(Jwks, AKeyVerifiesTheAlgorithmsThatFitItAndItsAlgChoosesOne) {
  EXPECT_EQ(algorithms_of(rsa_key_a()).size(), 6U);
  EXPECT_EQ(algorithms_of(rsa_key_a(), R"("alg":"PS384")"), std::vector{Algorithm::ps384});
  EXPECT_EQ(algorithms_of(SigningKey::ec("a")), std::vector{Algorithm::es256});
  EXPECT_EQ(algorithms_of(SigningKey::ec("a", "P-384")), std::vector{Algorithm::es384});
  EXPECT_EQ(algorithms_of(SigningKey::ec("a", "P-521")), std::vector{Algorithm::es512});
  EXPECT_EQ(algorithms_of(SigningKey::ed25519("a")), std::vector{Algorithm::eddsa});
}

TEST(Jwks, ItsKeysVerifyWhatTheirOwnersSigned) {
  struct Row {
    const SigningKey& key;
    Algorithm algorithm;
  };
  const SigningKey p256 = SigningKey::ec("a");
  const SigningKey p384 = SigningKey::ec("a", "P-384");
  const SigningKey p521 = SigningKey::ec("a", "P-521");
  const SigningKey ed25519 = SigningKey::ed25519("a");
  for (const Row& row :
       {Row{rsa_key_a(), Algorithm::rs256}, Row{rsa_key_a(), Algorithm::ps512}, Row{p256, Algorithm::es256},
        Row{p384, Algorithm::es384}, Row{p521, Algorithm::es512}, Row{ed25519, Algorithm::eddsa}}) {
    auto set = parse_jwks(jwks_of({row.key.jwk()}));
    ASSERT_TRUE(set);
    const string token = row.key.token("{}", row.algorithm);
    CompactJws jws;
    ASSERT_TRUE(jws.take_apart(token));
    PublicKey& key = set->keys.at(0).key;
    EXPECT_TRUE(key.verify(row.algorithm, jws.signing_input, jws.signature)) << name_of(row.algorithm);
    EXPECT_FALSE(key.verify(row.algorithm, "other", jws.signature)) << name_of(row.algorithm);
  }
}

TEST(Jwks, AKeyForSomethingElseIsNotUsed) {
  const SigningKey key = SigningKey::ec("a");
  EXPECT_THAT(why_ignored(key.jwk(R"("use":"enc")")), HasSubstr("is not for signatures"));
  EXPECT_THAT(why_ignored(key.jwk(R"("key_ops":["sign","encrypt"])")), HasSubstr("is not for verification"));
  EXPECT_EQ(why_ignored(key.jwk(R"("use":"sig","key_ops":["verify"])")), "");
  EXPECT_THAT(why_ignored(key.jwk(R"("alg":"ECDH-ES")")), HasSubstr("has the alg \"ECDH-ES\""));
  EXPECT_THAT(why_ignored(key.jwk(R"("alg":"ES384")")), HasSubstr("does not fit"));
  EXPECT_THAT(why_ignored(key.jwk(R"("alg":"HS256")")), HasSubstr("does not fit"));
  EXPECT_THAT(why_ignored(rsa_key_a().jwk(R"("alg":"none")")), HasSubstr("has the alg \"none\""));
  EXPECT_THAT(why_ignored(R"({"kty":"AKP","kid":"a","pub":"AA"})"), HasSubstr("has the unknown kty \"AKP\""));
  EXPECT_THAT(why_ignored(R"({"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"})"), HasSubstr("the curve"));
  EXPECT_THAT(why_ignored(R"({"kty":"OKP","crv":"Ed448","x":"AA"})"), HasSubstr("the curve \"Ed448\""));
}

TEST(Jwks, PrivateAndSharedKeysAreCountedAndNeverUsed) {
  EXPECT_THAT(why_ignored(R"({"kty":"oct","k":"c2VjcmV0","kid":"a"})"), HasSubstr("kid \"a\" is a shared"));
  EXPECT_THAT(why_ignored(R"({"kty":"oct"})"), HasSubstr("is a shared secret"));
  EXPECT_THAT(why_ignored(rsa_key_a().jwk(R"("d":"AA")")), HasSubstr("is a private key"));
  EXPECT_THAT(why_ignored(SigningKey::ec("a").jwk(R"("d":"AA")")), HasSubstr("is a private key"));
  const auto set = parse_jwks(jwks_of({R"({"kty":"oct","k":"AA"})", rsa_key_a().jwk()}));
  ASSERT_TRUE(set);
  EXPECT_EQ(set->keys.size(), 1U);
  EXPECT_EQ(set->secrets, 1U);
}

TEST(Jwks, BrokenKeysAreNotUsed) {
  for (const char* jwk : {"1", "[]", "{}", R"({"kty":1})", R"({"kty":"RSA"})", R"({"kty":"RSA","n":"AQAB"})",
                          R"({"kty":"RSA","n":"AQAB","e":"AQAB"})", R"({"kty":"RSA","n":"a+b/","e":"AQAB"})",
                          R"({"kty":"RSA","n":"","e":"AQAB"})", R"({"kty":"EC"})",
                          R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})",
                          R"({"kty":"OKP","crv":"Ed25519"})", R"({"kty":"OKP","crv":"Ed25519","x":"AA"})"}) {
    EXPECT_NE(why_ignored(jwk), "") << jwk;
  }
  EXPECT_NE(why_ignored(SigningKey::ec("a").jwk(R"("use":1)")), "");
  // A point that is not on the curve could reveal or forge signatures.
  string off_curve = SigningKey::ec("a").jwk();
  const std::size_t y = off_curve.find("\"y\":\"") + 5;
  off_curve[y] = off_curve[y] == 'A' ? 'B' : 'A';
  EXPECT_THAT(why_ignored(off_curve), HasSubstr("is not a point on its curve"));
}

TEST(Jwks, AnRsaKeyHas2048To8192Bits) {
  const auto with_bytes = [](std::size_t bytes) {
    return R"({"kty":"RSA","e":"AQAB","n":")" + encode_base64url(string(bytes, '\xff')) + "\"}";
  };
  EXPECT_THAT(why_ignored(with_bytes(255)), HasSubstr("has 2040 bits"));
  EXPECT_EQ(why_ignored(with_bytes(256)), "");
  EXPECT_EQ(why_ignored(with_bytes(1024)), "");
  EXPECT_THAT(why_ignored(with_bytes(1025)), HasSubstr("has 8200 bits"));
  const auto with_exponent = [](const string& exponent) {
    return R"({"kty":"RSA","e":")" + encode_base64url(exponent) + R"(","n":")" +
           encode_base64url(string(256, '\xff')) + "\"}";
  };
  for (const string exponent : {"\x01", "\x02", "\x01\x01\x01\x01\x01\x01\x01\x01\x01"}) {
    EXPECT_THAT(why_ignored(with_exponent(exponent)), HasSubstr("has an exponent")) << exponent;
  }
  EXPECT_EQ(why_ignored(with_exponent("\x03")), "");
  EXPECT_EQ(why_ignored(with_exponent("\x81\x01\x01\x01\x01\x01\x01\x01")), "");
}

TEST(Jwks, AKidHasAtMost256Bytes) {
  const auto with_kid = [](std::size_t bytes) { return SigningKey::ec(string(bytes, 'k')).jwk(); };
  EXPECT_EQ(why_ignored(with_kid(255)), "");
  EXPECT_EQ(why_ignored(with_kid(256)), "");
  EXPECT_THAT(why_ignored(with_kid(257)), HasSubstr("has a kid that is too long"));
}

TEST(Jwks, ADocumentThatIsNoSetIsRefused) {
  for (const char* document : {"", "{", "[]", "null", "{}", R"({"keys":{}})", R"({"keys":"a"})",
                               R"({"keys":[],"keys":[]})", "<html>not found</html>"}) {
    EXPECT_THAT(fault_of(document), HasSubstr("is not a JSON Web Key Set")) << document;
  }
  EXPECT_EQ(fault_of(R"({"keys":[]})"), "has no key that can verify a signature");
}

TEST(Jwks, ADocumentHasAtMost256KiB) {
  const string set = jwks_of({SigningKey::ec("a").jwk()});
  const auto of_bytes = [&](std::size_t bytes) { return set + string(bytes - set.size(), ' '); };
  EXPECT_EQ(fault_of(of_bytes(kJwksBytesMax - 1)), "");
  EXPECT_EQ(fault_of(of_bytes(kJwksBytesMax)), "");
  EXPECT_EQ(fault_of(of_bytes(kJwksBytesMax + 1)), "is 262145 bytes long; at most 262144 are read");
}

TEST(Jwks, ADocumentHasAtMost64KeysUsedOrNot) {
  const auto of_keys = [](std::size_t count) {
    std::vector<string> keys(count - 1, R"({"kty":"new"})");
    keys.insert(keys.begin(), SigningKey::ec("a").jwk());
    return jwks_of(keys);
  };
  EXPECT_EQ(fault_of(of_keys(kJwksKeysMax - 1)), "");
  EXPECT_EQ(fault_of(of_keys(kJwksKeysMax)), "");
  EXPECT_EQ(fault_of(of_keys(kJwksKeysMax + 1)), "has more than 64 keys");
}

TEST(Jwks, SetsAreComparedByIdAlgorithmAndKey) {
  const SigningKey a = SigningKey::ec("a");
  const SigningKey same_kid = SigningKey::ec("a");
  const SigningKey b = SigningKey::ec("b");
  const auto set = [](const std::vector<string>& keys) { return *parse_jwks(jwks_of(keys)); };
  EXPECT_TRUE(same_keys(set({a.jwk()}), set({a.jwk(R"("x5t":"changes")")})));
  EXPECT_FALSE(same_keys(set({a.jwk()}), set({same_kid.jwk()})));
  EXPECT_FALSE(same_keys(set({a.jwk()}), set({a.jwk(), b.jwk()})));
  EXPECT_EQ(missing_ids(set({a.jwk(), b.jwk()}), set({same_kid.jwk()})), "a, b");
  EXPECT_EQ(missing_ids(set({a.jwk()}), set({a.jwk(), b.jwk()})), "");
}

}  // namespace
}  // namespace carillon::auth

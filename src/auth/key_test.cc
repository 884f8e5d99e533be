// Which keys Authenticator::create() accepts, and its errors for the others.
#include "auth/key.h"

#include <gtest/gtest.h>

#include "auth/testing.h"

namespace carillon::auth {
namespace {

using namespace carillon::auth::testing;
using namespace carillon::auth::vectors;
using std::string;
using std::string_view;
using Weak = Authenticator::WeakSecrets;

// "" when the keys are good.
string refusal_of(const std::vector<config::KeySettings>& keys, Weak weak = Weak::refuse) {
  const auto made = Authenticator::create(keys, {}, weak);
  return made ? "" : made.error().message;
}

void expect_refused(const config::KeySettings& key, string_view expected) {
  const string message = refusal_of({key});
  EXPECT_NE(message.find(expected), string::npos) << "wanted: " << expected << "\ngot: " << message;
}

TEST(KeySettings, AnHmacSecretNeeds32Bytes) {
  EXPECT_NE(refusal_of({hmac_key(string(31, 's'))}), "");
  EXPECT_EQ(refusal_of({hmac_key(string(32, 's'))}), "");
  EXPECT_EQ(refusal_of({hmac_key(string(33, 's'))}), "");
  EXPECT_EQ(
      refusal_of({hmac_key(string(31, 's'))}),
      "gateway.toml:12: keys.main.secret: has 31 bytes, which can be guessed; it needs at least 32: make one "
      "with \"openssl rand -base64 48\"");
}

TEST(KeySettings, InDevAShortSecretPassesButAnEmptyOneNever) {
  EXPECT_EQ(refusal_of({hmac_key("dev")}, Weak::allow), "");
  EXPECT_NE(refusal_of({hmac_key("")}, Weak::allow), "");
  expect_refused(hmac_key(""), "keys.main.secret: is missing");
}

TEST(KeySettings, AMessageNeverHoldsTheSecret) {
  const string message = refusal_of({hmac_key("hunter2hunter2"), hmac_key("hunter2", {"HS256", "RS256"})});
  EXPECT_NE(message, "");
  EXPECT_EQ(message.find("hunter2"), string::npos);
}

TEST(KeySettings, TheAlgorithmListMustNameKnownAlgorithmsExactly) {
  expect_refused(hmac_key(kSecret, {}), "keys.main.algorithms: is empty; list what the issuer signs with");
  expect_refused(hmac_key(kSecret, {"HS265"}), "unknown algorithm \"HS265\"; did you mean \"HS256\"?");
  expect_refused(hmac_key(kSecret, {"hs256"}), "did you mean \"HS256\"?");
  expect_refused(hmac_key(kSecret, {"EDDSA"}), "did you mean \"EdDSA\"?");
  expect_refused(hmac_key(kSecret, {"HS256", "rot thirteen"}), "unknown algorithm \"rot thirteen\"");
  for (const char* none : {"none", "None", "NONE", "nOnE"}) {
    expect_refused(hmac_key(kSecret, {"HS256", none}), "would admit unsigned tokens");
  }
  EXPECT_EQ(refusal_of({hmac_key(kSecret, {"HS256", "HS384", "HS512", "HS256"})}), "");
}

TEST(KeySettings, SecretsAndPublicKeysDoNotMix) {
  for (const char* other : {"RS256", "PS256", "ES256", "EdDSA"}) {
    expect_refused(hmac_key(kSecret, {"HS256", other}), "mixes HS* with public-key algorithms");
  }
  auto hmac_with_public = hmac_key();
  hmac_with_public.public_key_pem = kRsaPem;
  expect_refused(hmac_with_public, "keys.main.public_key: HS* uses `secret` only");
  auto rsa_with_secret = public_key(kRsaPem, {"RS256"});
  rsa_with_secret.secret = Secret(string(kSecret));
  expect_refused(rsa_with_secret, "keys.issuer.secret: RS*, PS*, ES* and EdDSA use `public_key` only");
  expect_refused(hmac_key(kRsaPem), "holds a PEM key, which is not a shared secret");
  expect_refused(public_key("", {"RS256"}), "keys.issuer.public_key: is missing");
}

TEST(KeySettings, APublicKeyThatIsNoneIsRefusedWithAHint) {
  const std::pair<string, string> rows[] = {
      {"not PEM at all", "is not PEM"},
      {"-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n", "does not parse"},
      {"-----BEGIN PUBLIC KEY-----\n", "does not parse"},
      {string(kRsaPem.substr(0, kRsaPem.size() / 2)), "does not parse"},
      {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
       "openssl pkey -in private.pem -pubout"},
      {"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", "holds a private key"},
      {"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n", "holds a private key"},
      {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
       "holds a private key"},
      {string(kCertificatePem), "openssl x509 -in certificate.pem -pubkey -noout"},
      {string(kRsaPem) + string(kRsaOtherPem), "more than one PEM block"},
      {string(kRsaPem) + string(70'000, ' '), "over 64 KiB"},
  };
  for (const auto& [pem, expected] : rows) expect_refused(public_key(pem, {"RS256"}), expected);
}

TEST(KeySettings, AnEncryptedPublicKeyFailsWithoutAskingTheTerminal) {
  expect_refused(
      public_key("-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n"
                 "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END PUBLIC KEY-----\n",
                 {"RS256"}),
      "does not parse");
}

TEST(KeySettings, RsaNeeds2048Bits) {
  expect_refused(public_key(kRsa1024Pem, {"RS256"}), "has 1024 bits; it needs at least 2048");
  expect_refused(public_key(kRsa2047Pem, {"PS512"}), "has 2047 bits; it needs at least 2048");
  EXPECT_EQ(refusal_of({public_key(kRsaPem, {"RS256", "PS512"})}), "");
}

TEST(KeySettings, EachAlgorithmNeedsItsKindOfKeyAndItsCurve) {
  expect_refused(public_key(kEs384Pem, {"ES256"}), "ES256 needs the curve P-256; this key is on secp384r1");
  expect_refused(public_key(kEs256Pem, {"ES384"}), "ES384 needs the curve P-384");
  expect_refused(public_key(kEs256Pem, {"ES512"}), "ES512 needs the curve P-521");
  expect_refused(public_key(kEs256Pem, {"ES256", "ES512"}), "ES512 needs the curve P-521");
  expect_refused(public_key(kSecp256k1Pem, {"ES256"}), "this key is on secp256k1");
  expect_refused(public_key(kRsaPem, {"ES256"}), "ES256 needs an EC key");
  expect_refused(public_key(kRsaPem, {"EdDSA"}), "EdDSA needs an Ed25519 key");
  expect_refused(public_key(kEd448Pem, {"EdDSA"}), "EdDSA needs an Ed25519 key");
  expect_refused(public_key(kEd25519Pem, {"ES256"}), "ES256 needs an EC key");
  expect_refused(public_key(kEs256Pem, {"RS256"}), "RS256 needs an RSA key");
  expect_refused(public_key(kRsaPssPem, {"RS256"}), "PS256, PS384 and PS512 only");
  EXPECT_EQ(refusal_of({public_key(kRsaPssPem, {"PS256"})}), "");
}

TEST(KeySettings, LeewayIsAtMost30Seconds) {
  auto key = hmac_key();
  for (const int good : {0, 29, 30}) {
    key.leeway = seconds(good);
    EXPECT_EQ(refusal_of({key}), "");
  }
  for (const int bad : {-1, 31}) {
    key.leeway = seconds(bad);
    expect_refused(key, "keys.main.leeway: must be 0 s to 30 s");
  }
}

TEST(KeySettings, AKeyIdIsAtMost256Bytes) {
  auto key = hmac_key();
  for (const std::size_t size : {255U, 256U}) {
    key.key_id = string(size, 'k');
    EXPECT_EQ(refusal_of({key}), "");
  }
  key.key_id = string(257, 'k');
  expect_refused(key, "keys.main.key_id: is longer than any `kid` may be");
}

TEST(KeySettings, AllFaultsOfAllKeysAreReportedOnePerLineWithTheirPlace) {
  auto first = hmac_key("short", {"HS256", "HS265"});
  first.leeway = seconds(60);
  const string message =
      refusal_of({first, public_key("nonsense", {"RS256"}), public_key(kRsa1024Pem, {"RS256", "RS384"})});
  std::vector<string> lines(1);
  for (const char c : message) {
    if (c == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += c;
    }
  }
  ASSERT_EQ(lines.size(), 5U) << message;  // RSA's bits once, though two algorithms mind them
  EXPECT_TRUE(lines[0].starts_with("gateway.toml:12: keys.main.algorithms: unknown algorithm")) << lines[0];
  EXPECT_TRUE(lines[1].starts_with("gateway.toml:12: keys.main.leeway: ")) << lines[1];
  EXPECT_TRUE(lines[2].starts_with("gateway.toml:12: keys.main.secret: has 5 bytes")) << lines[2];
  EXPECT_TRUE(lines[3].starts_with("gateway.toml:30: keys.issuer.public_key: is not PEM")) << lines[3];
  EXPECT_TRUE(lines[4].starts_with("gateway.toml:30: keys.issuer.public_key: ")) << lines[4];
}

TEST(Key, VerifiesNothingByAnAlgorithmThatItDoesNotList) {
  std::vector<string> problems;
  auto key = Key::make(public_key(kRsaPem, {"RS384"}), Weak::refuse, problems);
  ASSERT_TRUE(key);
  const auto verifies = [&key](Algorithm algorithm, string_view token) {
    string signature;
    EXPECT_TRUE(decode_base64url(token.substr(token.rfind('.') + 1), signature));
    return key->verify(std::nullopt, algorithm, token.substr(0, token.rfind('.')), signature);
  };
  EXPECT_TRUE(verifies(Algorithm::rs384, kTokenRs384));
  EXPECT_FALSE(verifies(Algorithm::rs256, kTokenRs256));
  EXPECT_FALSE(verifies(Algorithm::ps256, kTokenPs256));
  EXPECT_FALSE(verifies(Algorithm::es256, kTokenEs256));
  EXPECT_FALSE(verifies(Algorithm::hs256, kTokenConfusion));
}

TEST(KeySettings, WithoutAnyKeyThereIsNoAuthenticator) {
  EXPECT_NE(refusal_of({}).find("add [keys.main]"), string::npos);
}

}  // namespace
}  // namespace carillon::auth

// The tokens that a Signer makes, verified as a gateway does, and the keys that it refuses.
#include "auth/signer.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/pem.h>

#include "auth/testing.h"

namespace carillon::auth {
namespace {

using namespace carillon::auth::testing;
using std::string;

string pem_of(EVP_PKEY* key, bool is_private) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), &BIO_free);
  if (is_private) PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  if (!is_private) PEM_write_bio_PUBKEY(bio.get(), key);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

struct SignerPair {
  string private_pem;
  string public_pem;
};

SignerPair pair_of(EVP_PKEY* made) {
  const KeyHandle key(made);
  return {pem_of(key.get(), true), pem_of(key.get(), false)};
}
SignerPair rsa_pair(std::size_t bits = 2048) {
  return pair_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
}
SignerPair ec_pair(const char* curve) { return pair_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve)); }
SignerPair ed_pair() { return pair_of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

string refusal(const string& key, std::optional<Algorithm> algorithm = std::nullopt) {
  const auto made = Signer::make(key, algorithm);
  return made ? "" : made.error().message;
}

void expect_signer_refuses(const string& key, std::optional<Algorithm> algorithm, std::string_view expected) {
  EXPECT_NE(refusal(key, algorithm).find(expected), string::npos) << "got: " << refusal(key, algorithm);
}

// What a gateway with the public key, and with another of the same kind, makes of a token.
void expect_accepted(const SignerPair& pair, const SignerPair& other, const string& algorithm) {
  const auto signer = Signer::make(pair.private_pem, algorithm_named(algorithm));
  ASSERT_TRUE(signer) << algorithm << ": " << signer.error().message;
  const auto token = signer->mint(R"({"sub":"alice"})");
  ASSERT_TRUE(token) << algorithm;
  EXPECT_EQ(verdict(*authenticator({public_key(pair.public_pem, {algorithm})}), *token), "ok") << algorithm;
  EXPECT_EQ(verdict(*authenticator({public_key(other.public_pem, {algorithm})}), *token), "bad_signature");
}

TEST(Signer, TokensOfEveryPublicKeyAlgorithmAreAccepted) {
  const SignerPair rsa = rsa_pair();
  const SignerPair other = rsa_pair();
  for (const char* name : {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
    expect_accepted(rsa, other, name);
  expect_accepted(ec_pair("P-256"), ec_pair("P-256"), "ES256");
  expect_accepted(ec_pair("P-384"), ec_pair("P-384"), "ES384");
  expect_accepted(ec_pair("P-521"), ec_pair("P-521"), "ES512");
  expect_accepted(ed_pair(), ed_pair(), "EdDSA");
}

TEST(Signer, TokensOfEverySecretAlgorithmAreAccepted) {
  for (const char* name : {"HS256", "HS384", "HS512"}) {
    const auto token = Signer::make(vectors::kSecret, algorithm_named(name))->mint(R"({"sub":"alice"})");
    EXPECT_EQ(verdict(*authenticator({hmac_key(vectors::kSecret, {name})}), *token), "ok") << name;
  }
}

TEST(Signer, WithoutAnAlgorithmTheKeyDecides) {
  const auto of = [](const string& key) {
    return string(name_of(Signer::make(key, std::nullopt)->algorithm()));
  };
  EXPECT_EQ(of(string(vectors::kSecret)), "HS256");
  EXPECT_EQ(of(rsa_pair().private_pem), "RS256");
  EXPECT_EQ(of(ec_pair("P-384").private_pem), "ES384");
  EXPECT_EQ(of(ed_pair().private_pem), "EdDSA");
}

TEST(Signer, TheKeyIdIsInTheHeader) {
  const auto signer = Signer::make(vectors::kSecret, std::nullopt);
  const string token = *signer->mint("{}", "a\"b");
  string header;
  ASSERT_TRUE(decode_base64url(token.substr(0, token.find('.')), header));
  EXPECT_EQ(header, R"({"alg":"HS256","typ":"JWT","kid":"a\"b"})");
}

TEST(Signer, KeysThatNoGatewayWouldAcceptAreRefusedWithWhatToWrite) {
  expect_signer_refuses("hunter2", std::nullopt, "has 7 bytes, which can be guessed");
  EXPECT_EQ(refusal("hunter2").find("hunter2"), string::npos);
  expect_signer_refuses("", std::nullopt, "is empty");
  expect_signer_refuses(rsa_pair(1024).private_pem, std::nullopt, "it needs at least 2048");
  expect_signer_refuses(ec_pair("secp256k1").private_pem, std::nullopt, "no token can be signed");
  expect_signer_refuses(ec_pair("P-256").private_pem, Algorithm::es384, "ES384 needs the curve P-384");
  expect_signer_refuses(ed_pair().private_pem, Algorithm::rs256, "RS256 needs an RSA key");
  expect_signer_refuses(ed_pair().public_pem, std::nullopt, "holds a public key, which can only verify");
  expect_signer_refuses(ed_pair().private_pem, Algorithm::hs256,
                        "holds a PEM key, which is not a shared secret");
  expect_signer_refuses(string(vectors::kSecret), Algorithm::rs256, "is not PEM");
  expect_signer_refuses("-----BEGIN CERTIFICATE-----\n", std::nullopt, "BEGIN PRIVATE KEY");
  expect_signer_refuses("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", std::nullopt, "openssl pkey -in");
  expect_signer_refuses("-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----\n", std::nullopt,
                        "does not parse");
}

TEST(Signer, ClaimsThatAreNoObjectAreRefused) {
  const auto signer = Signer::make(vectors::kSecret, std::nullopt);
  EXPECT_FALSE(signer->mint("[]"));
  EXPECT_FALSE(signer->mint("{"));
}

}  // namespace
}  // namespace carillon::auth

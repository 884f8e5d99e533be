// Tokens whose keys are in key sets: of files, and fetched ones that change while tokens come.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/testing/fetched_keys.h"

namespace carillon::auth {
namespace {

using namespace carillon::auth::testing;
using std::string;
using ::testing::HasSubstr;

// --- of a file ----------------------------------------------------------------------------------

TEST(KeySets, TheKeysOfAFileVerifyTokensThatNameThem) {
  const SigningKey ec = SigningKey::ec("ec");
  const auto it = authenticator({file_key(jwks_of({rsa_key_a().jwk(), ec.jwk()}))});
  EXPECT_EQ(verdict(*it, rsa_key_a().token("{}", Algorithm::rs256)), "ok");
  EXPECT_EQ(verdict(*it, ec.token("{}", Algorithm::es256)), "ok");
  EXPECT_EQ(verdict(*it, rsa_key_b().token("{}", Algorithm::rs256)), "unknown_key");
  EXPECT_EQ(it->ask_for_keys(kMono), std::nullopt) << "a file has no more keys to offer";
}

TEST(KeySets, TheListOfAlgorithmsIsCheckedFirst) {
  const auto it = authenticator({file_key(jwks_of({rsa_key_a().jwk()}), {"RS256"})});
  EXPECT_EQ(verdict(*it, rsa_key_a().token("{}", Algorithm::rs512)), "algorithm_refused");
  EXPECT_EQ(it->shown(), "alg \"RS512\"");
  EXPECT_EQ(verdict(*it, rsa_key_b().token("{}", Algorithm::rs512)), "algorithm_refused");
  EXPECT_EQ(verdict(*it, sign(R"({"alg":"HS256","kid":"rsa-a"})", "{}")), "algorithm_refused");
  EXPECT_EQ(verdict(*it, sign(R"({"alg":"none","kid":"rsa-a"})", "{}")), "algorithm_refused");
}

TEST(KeySets, AKidWithAnotherKeysAlgorithmIsRefused) {
  const SigningKey ec = SigningKey::ec("ec");
  const auto it = authenticator(
      {file_key(jwks_of({rsa_key_a().jwk(R"("alg":"RS256")"), ec.jwk()}), {"RS256", "PS256", "ES256"})});
  EXPECT_EQ(verdict(*it, rsa_key_a().token("{}", Algorithm::ps256)), "algorithm_refused");
  const string header = R"({"alg":"ES256","kid":"rsa-a"})";
  EXPECT_EQ(verdict(*it, ec.token_with(header, "{}", Algorithm::es256)), "algorithm_refused");
}

TEST(KeySets, TwoKeysMayShareAKidWhenTheirAlgorithmsDiffer) {
  const SigningKey ec = SigningKey::ec("rsa-a");
  const auto it = authenticator({file_key(jwks_of({rsa_key_a().jwk(), ec.jwk()}))});
  EXPECT_EQ(verdict(*it, rsa_key_a().token("{}", Algorithm::rs256)), "ok");
  EXPECT_EQ(verdict(*it, ec.token("{}", Algorithm::es256)), "ok");
}

TEST(KeySets, ATokenWithoutAKidNeedsASetWithOneKeyThatFits) {
  const SigningKey ec = SigningKey::ec("ec");
  const string token = rsa_key_a().token_with(R"({"alg":"RS256"})", "{}", Algorithm::rs256);
  const auto one = authenticator({file_key(jwks_of({rsa_key_a().jwk(), ec.jwk()}))});
  EXPECT_EQ(verdict(*one, token), "ok");
  const auto two = authenticator({file_key(jwks_of({rsa_key_a().jwk(), rsa_key_b().jwk()}))});
  EXPECT_EQ(verdict(*two, token), "unknown_key");
  EXPECT_EQ(two->shown(), "no kid");
}

TEST(KeySets, AFileThatHasNoKeysOrPrivateOnesIsAnErrorOfTheConfiguration) {
  const auto message = [](const string& document) {
    const auto made = Authenticator::create({file_key(document)}, {}, Authenticator::WeakSecrets::refuse);
    return made ? "" : made.error().message;
  };
  EXPECT_EQ(
      message("{}"),
      "gateway.toml:30: keys.file.jwks_file: the file \"jwks.json\" is not a JSON Web Key Set: it has no "
      "array \"keys\"; write the path of a document that the issuer publishes");
  EXPECT_EQ(
      message(jwks_of({rsa_key_a().jwk(), R"({"kty":"oct","kid":"s","k":"AA"})"})),
      "gateway.toml:30: keys.file.jwks_file: the file \"jwks.json\" has private or shared keys, which "
      "only the issuer may have: kid \"s\" is a shared secret, which must not be published; remove them "
      "from it");
}

// --- fetched ------------------------------------------------------------------------------------

TEST(KeySets, AFetchedSetAdmitsFromTheMomentItArrives) {
  Fetched set({url_key("a")});
  const string token = rsa_key_a().token("{}", Algorithm::rs256);
  EXPECT_EQ(verdict(*set.it, token), "no_keys");
  EXPECT_EQ(set.it->shown(), "kid \"rsa-a\"");
  EXPECT_EQ(set.serve(jwks_of({rsa_key_a().jwk()})), FetchOutcome::changed);
  EXPECT_EQ(verdict(*set.it, token), "ok");
}

TEST(KeySets, AnUnknownKidAsksForAFetchAndIsRefusedAtOnceWhenNoneIsAllowed) {
  Fetched set({url_key("a")});
  set.serve(jwks_of({rsa_key_a().jwk()}));
  const string token = rsa_key_b().token("{}", Algorithm::rs256);
  EXPECT_EQ(verdict(*set.it, token), "unknown_key");
  EXPECT_EQ(set.it->ask_for_keys(kMono + seconds(29)), std::nullopt);
  EXPECT_EQ(set.wakes, 0);
  EXPECT_EQ(set.it->ask_for_keys(kMono + seconds(30)), seconds(2));
  EXPECT_EQ(set.wakes, 1);
  EXPECT_EQ(set.serve(jwks_of({rsa_key_a().jwk(), rsa_key_b().jwk()}), kMono + seconds(30)),
            FetchOutcome::changed);
  EXPECT_EQ(verdict(*set.it, token), "ok");
}

TEST(KeySets, ATokenThatIsRefusedForAnotherReasonAsksForNothing) {
  Fetched set({url_key("a", "https://a")});
  set.serve(jwks_of({rsa_key_a().jwk()}));
  const MonoTime later = kMono + seconds(60);
  const string a = claims_of("https://a");
  const string wrong = rsa_key_b().token_with(R"({"alg":"RS256","kid":"rsa-a"})", a, Algorithm::rs256);
  EXPECT_EQ(verdict(*set.it, wrong), "bad_signature");
  EXPECT_EQ(set.it->ask_for_keys(later), std::nullopt);
  EXPECT_EQ(verdict(*set.it, rsa_key_b().token(claims_of("https://b"), Algorithm::rs256)), "unknown_issuer");
  EXPECT_EQ(set.it->shown(), "iss \"https://b\"");
  EXPECT_EQ(set.it->ask_for_keys(later), std::nullopt);
  EXPECT_EQ(verdict(*set.it, rsa_key_b().token("{", Algorithm::rs256)), "malformed");
  EXPECT_EQ(set.it->ask_for_keys(later), std::nullopt);
  EXPECT_EQ(verdict(*set.it, rsa_key_b().token(a, Algorithm::rs256)), "unknown_key");
  EXPECT_EQ(verdict(*set.it, sign(R"({"alg":"none","kid":"x"})", a)), "algorithm_refused");
  EXPECT_EQ(set.it->ask_for_keys(later), std::nullopt) << "what the token before asked for is forgotten";
}

TEST(KeySets, ARemovedKeyNoLongerAdmitsATokenThatItAdmittedBefore) {
  Fetched set({url_key("a")});
  set.serve(jwks_of({rsa_key_a().jwk(), rsa_key_b().jwk()}));
  const string token = rsa_key_a().token("{}", Algorithm::rs256);
  EXPECT_EQ(verdict(*set.it, token), "ok");
  EXPECT_EQ(verdict(*set.it, token), "ok");
  EXPECT_EQ(set.it->counters().cache_hits, 1U);
  set.it->verify("x", kNow);
  ASSERT_EQ(set.it->ask_for_keys(kMono + seconds(60)), std::nullopt);
  EXPECT_EQ(verdict(*set.it, rsa_key_b().token_with(R"({"alg":"RS256","kid":"x"})", "{}", Algorithm::rs256)),
            "unknown_key");
  ASSERT_TRUE(set.it->ask_for_keys(kMono + seconds(60)));
  set.serve(jwks_of({rsa_key_b().jwk()}), kMono + seconds(60));
  EXPECT_EQ(verdict(*set.it, token), "unknown_key");
}

TEST(KeySets, TheSameKidInTwoSetsNeverAdmitsOneIssuersTokenByTheOthersKey) {
  const SigningKey one = SigningKey::ec("shared");
  const SigningKey other = SigningKey::ec("shared");
  Fetched set({url_key("a", "https://a"), url_key("b", "https://b")});
  set.serve(jwks_of({one.jwk()}), kMono, 0);
  set.serve(jwks_of({other.jwk()}), kMono, 1);
  EXPECT_EQ(verdict(*set.it, one.token(claims_of("https://a"), Algorithm::es256)), "ok");
  EXPECT_EQ(verdict(*set.it, other.token(claims_of("https://b"), Algorithm::es256)), "ok");
  EXPECT_EQ(verdict(*set.it, one.token(claims_of("https://b"), Algorithm::es256)), "bad_signature");
  EXPECT_EQ(verdict(*set.it, other.token(claims_of("https://a"), Algorithm::es256)), "bad_signature");
  EXPECT_EQ(verdict(*set.it, one.token(claims_of("https://c"), Algorithm::es256)), "unknown_issuer");
}

TEST(KeySets, OneIssuersTokenAsksOnlyForThatIssuersSet) {
  Fetched set({url_key("a", "https://a"), url_key("b", "https://b")});
  set.serve(jwks_of({rsa_key_a().jwk()}), kMono, 0);
  const string token = rsa_key_b().token(claims_of("https://b"), Algorithm::rs256);
  EXPECT_EQ(verdict(*set.it, token), "no_keys");
  EXPECT_TRUE(set.it->ask_for_keys(kMono + seconds(60)));
  EXPECT_EQ(set.slot(0).begin_if_due(kMono + seconds(60)), std::nullopt);
  EXPECT_TRUE(set.slot(1).begin_if_due(kMono + seconds(60)));
}

TEST(KeySets, AStaticKeyBesideASetIsTriedAsWithoutOne) {
  Fetched set({url_key("a"), hmac_key()});
  EXPECT_EQ(verdict(*set.it, with_claims("{}")), "ok");
  EXPECT_EQ(verdict(*set.it, sign(kHeader, "{}", "another secret of at least 32 bytes")), "bad_signature");
  EXPECT_EQ(verdict(*set.it, rsa_key_a().token("{}", Algorithm::rs256)), "no_keys");
}

TEST(KeySets, GarbageAndFailuresKeepTheLastGoodKeys) {
  Fetched set({url_key("a")});
  set.serve(jwks_of({rsa_key_a().jwk()}));
  const string token = rsa_key_a().token("{}", Algorithm::rs256);
  MonoTime now = kMono;
  for (const string garbage :
       {"", "<html>", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}"}) {
    now = set.slot().next_event();
    EXPECT_EQ(set.serve(garbage, now), FetchOutcome::invalid);
    EXPECT_EQ(verdict(*set.it, token), "ok");
  }
  now = set.slot().next_event();
  const auto fetch = set.slot().begin_if_due(now);
  ASSERT_TRUE(fetch);
  const auto failed = read_document(*fetch, tl::unexpected(FetchError{FetchFault::timeout, "slow"}));
  const auto ended = set.slot().on_fetched(failed, now, kNow);
  EXPECT_EQ(ended.outcome, FetchOutcome::timeout);
  EXPECT_EQ(ended.now->keys.size(), 1U);
  EXPECT_EQ(set.it->verify(token, kNow)->get(), set.it->verify(token, kNow)->get()) << "still from the cache";
  const KeySetStatus status = set.slot().status();
  EXPECT_EQ(status.fetches[static_cast<std::size_t>(FetchOutcome::invalid)], 4U);
  EXPECT_EQ(status.fetches[static_cast<std::size_t>(FetchOutcome::timeout)], 1U);
  EXPECT_EQ(status.keys, 1);
  EXPECT_EQ(status.fetched_at_s, 1'700'000'000);
}

TEST(KeySets, KeysThatAreTooOldNoLongerAdmit) {
  Fetched set({url_key("a")});
  set.serve(jwks_of({rsa_key_a().jwk()}));
  const string token = rsa_key_a().token("{}", Algorithm::rs256);
  EXPECT_EQ(verdict(*set.it, token), "ok");
  const MonoTime end = kMono + std::chrono::hours(25);
  EXPECT_FALSE(set.slot().drop_if_too_old(end - milliseconds(1)));
  EXPECT_TRUE(set.slot().drop_if_too_old(end));
  EXPECT_FALSE(set.slot().drop_if_too_old(end));
  EXPECT_EQ(verdict(*set.it, token), "no_keys");
}

TEST(KeySets, NewSettingsKeepTheKeysOfUnchangedAddresses) {
  KeyStore store;
  store.configure({url_key("a"), url_key("b")});
  const auto a = store.find(url_key("a"));
  auto renamed = url_key("a");
  renamed.name = "other";
  store.configure({url_key("c"), renamed});
  EXPECT_EQ(store.slots().size(), 2U);
  EXPECT_EQ(store.find(url_key("a")), a);
  EXPECT_EQ(store.find(url_key("b")), nullptr);
  auto other_ca = url_key("a");
  other_ca.jwks_ca_file = "ca.pem";
  EXPECT_EQ(store.find(other_ca), nullptr) << "fetched under other conditions";
  store.configure({});
  EXPECT_TRUE(store.slots().empty());
}

// Regression: an authenticator of new settings had no keys of a set before its first token, so that
// `reload --close` would have closed every client of the set.
TEST(KeySets, ANewAuthenticatorTrustsTheKeysThatItsSetHasNow) {
  Fetched set({url_key("a")});
  set.serve(jwks_of({rsa_key_a().jwk()}));
  const auto identity = set.it->verify(rsa_key_a().token("{}", Algorithm::rs256), kNow);
  ASSERT_TRUE(identity);
  Authenticator::Options options;
  options.key_store = &set.store;
  const auto next =
      std::move(*Authenticator::create({url_key("a")}, options, Authenticator::WeakSecrets::refuse));
  EXPECT_TRUE(next->trusts((*identity)->key()));
  set.serve(jwks_of({rsa_key_b().jwk()}), set.slot().next_event());
  EXPECT_FALSE(next->trusts((*identity)->key())) << "before any token has come";
  EXPECT_FALSE(set.it->trusts((*identity)->key()));
}

TEST(KeySets, KeysWithOneAddressShareItsSet) {
  auto first = url_key("a", "https://a");
  auto second = url_key("a", "https://a");
  second.name = "b";
  second.audience = "other";
  KeyStore store;
  store.configure({first, second});
  EXPECT_EQ(store.slots().size(), 1U);
  EXPECT_EQ(store.find(first), store.find(second));
}

TEST(KeySets, DiscoveryFetchesTheMetadataAndThenTheKeys) {
  auto key = key_named("a");
  key.issuer = "https://id.example.com/";
  key.discovery = config::Switch::on;
  Fetched set({key});
  const auto metadata = set.slot().begin_if_due(kMono);
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->request.url, "https://id.example.com/.well-known/openid-configuration");
  const FetchedDocument document{
      R"({"issuer":"https://id.example.com/","jwks_uri":"https://keys.example.com/k"})", std::nullopt};
  const auto ended = set.slot().on_fetched(read_document(*metadata, document), kMono, kNow);
  ASSERT_TRUE(ended.next);
  EXPECT_EQ(ended.next->request.url, "https://keys.example.com/k");
  EXPECT_EQ(set.slot().begin_if_due(kMono + std::chrono::hours(1)), std::nullopt) << "one fetch at a time";
  const FetchedDocument keys{jwks_of({rsa_key_a().jwk()}), seconds(600)};
  set.slot().on_fetched(read_document(*ended.next, keys), kMono, kNow);
  EXPECT_EQ(verdict(*set.it, rsa_key_a().token(claims_of("https://id.example.com/"), Algorithm::rs256)),
            "ok");
  EXPECT_EQ(set.slot().next_event(), kMono + seconds(480));
}

TEST(KeySets, WhatARefusedTokenShowsIsEscapedAndCut) {
  Fetched set({url_key("a")});
  const string header = R"({"alg":"RS256","kid":"\u001b[31m)" + string(200, 'k') + "\"}";
  verdict(*set.it, rsa_key_a().token_with(header, "{}", Algorithm::rs256));
  EXPECT_THAT(set.it->shown(), HasSubstr("kid \"\\u001b[31mkkk"));
  EXPECT_LT(set.it->shown().size(), 90U);
}

}  // namespace
}  // namespace carillon::auth

// What a token costs at the door: the first time (by algorithm), and each time after.
#include <benchmark/benchmark.h>

#include "auth/authenticator.h"
#include "auth/testing.h"

namespace carillon::auth {
namespace {

using namespace carillon::auth::testing;
using namespace carillon::auth::vectors;

void verify_all(benchmark::State& state, const config::KeySettings& key, std::string_view token,
                std::uint32_t cache_entries) {
  const auto it = authenticator({key}, {.cache_entries_max = cache_entries});
  for (auto _ : state) {
    auto identity = it->verify(token, kNow);
    if (!identity) state.SkipWithError("refused");
    benchmark::DoNotOptimize(identity);
  }
}

void hs256_miss(benchmark::State& state) { verify_all(state, hmac_key(), kTokenHs256, 0); }
void hs256_hit(benchmark::State& state) { verify_all(state, hmac_key(), kTokenHs256, 16); }
void rs256_miss(benchmark::State& state) {
  verify_all(state, public_key(kRsaPem, {"RS256"}), kTokenRs256, 0);
}
void rs256_hit(benchmark::State& state) {
  verify_all(state, public_key(kRsaPem, {"RS256"}), kTokenRs256, 16);
}
void es256_miss(benchmark::State& state) {
  verify_all(state, public_key(kEs256Pem, {"ES256"}), kTokenEs256, 0);
}
void eddsa_miss(benchmark::State& state) {
  verify_all(state, public_key(kEd25519Pem, {"EdDSA"}), kTokenEddsa, 0);
}

// Tokens never seen before, with a full cache to make room in.
void hs256_miss_and_evict(benchmark::State& state) {
  const auto it = authenticator({hmac_key()}, {.cache_entries_max = 1024});
  std::vector<std::string> tokens;
  for (int i = 0; i < 4096; ++i) tokens.push_back(with_claims("{\"sub\":\"" + std::to_string(i) + "\"}"));
  std::size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(it->verify(tokens[next++ % tokens.size()], kNow));
}

void hs256_refused(benchmark::State& state) {
  const auto it = authenticator({hmac_key()});
  const std::string forged = sign(kHeader, R"({"sub":"alice","exp":4102444800})", "some other secret");
  for (auto _ : state) benchmark::DoNotOptimize(it->verify(forged, kNow));
}

BENCHMARK(hs256_miss);
BENCHMARK(hs256_hit);
BENCHMARK(hs256_miss_and_evict);
BENCHMARK(hs256_refused);
BENCHMARK(rs256_miss);
BENCHMARK(rs256_hit);
BENCHMARK(es256_miss);
BENCHMARK(eddsa_miss);

}  // namespace
}  // namespace carillon::auth

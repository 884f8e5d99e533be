// Masking and UTF-8, the two passes over every client's byte, each fast against naive.
#include <benchmark/benchmark.h>

#include <string>

#include "base/utf8.h"
#include "websocket/mask.h"

namespace carillon::websocket {
namespace {

template <void (*kApply)(std::span<char>, MaskKey, std::uint64_t)>
void mask(benchmark::State& state) {
  std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    kApply(bytes, {1, 2, 3, 4}, 1);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
void BM_Mask(benchmark::State& state) { mask<apply_mask>(state); }
void BM_MaskNaive(benchmark::State& state) { mask<apply_mask_naive>(state); }
BENCHMARK(BM_Mask)->Arg(8)->Arg(64)->Arg(512)->Arg(16384);
BENCHMARK(BM_MaskNaive)->Arg(8)->Arg(64)->Arg(512)->Arg(16384);

void utf8(benchmark::State& state, std::string_view sample) {
  std::string text;
  while (text.size() < static_cast<std::size_t>(state.range(0))) text += sample;
  for (auto _ : state) benchmark::DoNotOptimize(is_valid_utf8(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
void BM_Utf8Ascii(benchmark::State& state) { utf8(state, "{\"type\":\"ping\",\"data\":{}}"); }
void BM_Utf8Mixed(benchmark::State& state) {
  utf8(state,
       "Gr\xC3\xBC\xC3\x9F"
       "e aus K\xC3\xB6ln, ");
}
void BM_Utf8ThreeBytes(benchmark::State& state) { utf8(state, "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"); }
void BM_Utf8FourBytes(benchmark::State& state) { utf8(state, "\xF0\x9F\x94\x94\xF0\x9F\x94\x94"); }
BENCHMARK(BM_Utf8Ascii)->Arg(32)->Arg(256)->Arg(16384);
BENCHMARK(BM_Utf8Mixed)->Arg(256)->Arg(16384);
BENCHMARK(BM_Utf8ThreeBytes)->Arg(16384);
BENCHMARK(BM_Utf8FourBytes)->Arg(16384);

}  // namespace
}  // namespace carillon::websocket

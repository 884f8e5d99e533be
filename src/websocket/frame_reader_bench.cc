// What it costs to read client frames from a shard's receive buffer: bytes/s and messages/s.
#include <benchmark/benchmark.h>

#include <cstring>
#include <string>

#include "websocket/deflate.h"
#include "websocket/frame_reader.h"
#include "websocket/frame_writer.h"

namespace carillon::websocket {
namespace {

class Counter final : public MessageHandler {
 public:
  Next on_message(Opcode, std::string_view payload, std::uint64_t) override { return count(payload); }
  Next on_ping(std::string_view payload) override { return count(payload); }
  Next on_pong(std::string_view payload) override { return count(payload); }
  void on_close(std::optional<std::uint16_t>, std::string_view) override {}

 private:
  static Next count(std::string_view payload) {
    benchmark::DoNotOptimize(payload.data());
    return Next::go_on;
  }
};

// A zero key, so that reading in place leaves the buffer fit to be read again; it costs the same.
constexpr MaskKey kKey{0, 0, 0, 0};

void feed_again_and_again(benchmark::State& state, std::string input, std::size_t piece, int messages,
                          const ReaderLimits& limits) {
  Inflater inflater;
  Counter counter;
  for (auto _ : state) {
    FrameReader reader;
    for (std::size_t at = 0; at < input.size(); at += piece) {
      const auto result = reader.feed(std::span(input).subspan(at, std::min(piece, input.size() - at)),
                                      limits, counter, &inflater);
      if (!result.ok()) state.SkipWithError("fault");
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(input.size()));
  state.SetItemsProcessed(state.iterations() * messages);
}

// One message a read: what a pong or a command costs.
void BM_OneMessage(benchmark::State& state) {
  std::string input;
  append_masked_frame(input, Opcode::text, std::string(static_cast<std::size_t>(state.range(0)), 'x'), kKey);
  feed_again_and_again(state, input, input.size(), 1, {.message_bytes_max = 1 << 24});
}
BENCHMARK(BM_OneMessage)->Arg(0)->Arg(32)->Arg(256)->Arg(4096)->Arg(65536)->Arg(1 << 20);

void BM_SixtyFourMessagesInOneRead(benchmark::State& state) {
  std::string input;
  for (int i = 0; i < 64; ++i) {
    append_masked_frame(input, Opcode::text, std::string(static_cast<std::size_t>(state.range(0)), 'x'),
                        kKey);
  }
  feed_again_and_again(state, input, input.size(), 64, {});
}
BENCHMARK(BM_SixtyFourMessagesInOneRead)->Arg(0)->Arg(32)->Arg(256);

void BM_OneMessageInReadsOf16KiB(benchmark::State& state) {
  std::string input;
  append_masked_frame(input, Opcode::binary, std::string(static_cast<std::size_t>(state.range(0)), 'x'),
                      kKey);
  feed_again_and_again(state, input, 16384, 1, {.message_bytes_max = 1 << 24});
}
BENCHMARK(BM_OneMessageInReadsOf16KiB)->Arg(65536)->Arg(1 << 20)->Arg(1 << 24);

void BM_OneMessageByteByByte(benchmark::State& state) {
  std::string input;
  append_masked_frame(input, Opcode::text, std::string(256, 'x'), kKey);
  feed_again_and_again(state, input, 1, 1, {});
}
BENCHMARK(BM_OneMessageByteByByte);

void BM_DeflatedMessage(benchmark::State& state) {
  Deflater deflater;
  std::string payload;
  std::string message;
  while (message.size() < static_cast<std::size_t>(state.range(0)))
    message += std::to_string(message.size() * 7919);
  deflater.try_append_deflated(payload, message);
  std::string input;
  append_masked_frame(input, Opcode::text, payload, kKey, Fin::yes, Rsv1::set);
  feed_again_and_again(state, input, input.size(), 1, {.compression = Compression::negotiated});
}
BENCHMARK(BM_DeflatedMessage)->Arg(256)->Arg(4096)->Arg(60000);

void BM_DeflateAnEvent(benchmark::State& state) {
  Deflater deflater(static_cast<int>(state.range(1)));
  std::string message;
  while (message.size() < static_cast<std::size_t>(state.range(0)))
    message += std::to_string(message.size() * 7919);
  std::string out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(deflater.try_append_deflated(out, message));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message.size()));
}
BENCHMARK(BM_DeflateAnEvent)->ArgsProduct({{256, 4096}, {1, 6}});

}  // namespace
}  // namespace carillon::websocket

// What it costs to take in a pre-recorded stream of `pmessage`s, compared with a bare hiredis reader on the
// same bytes: the intake should be at least 0.9 of it (it is well above, for it builds no reply objects).
//
// Argument: the body's size in bytes. Compare items_per_second of the two at the same size.
#include <benchmark/benchmark.h>
#include <hiredis/hiredis.h>

#include <string>
#include <utility>

#include "base/assert.h"
#include "bus/redis/subscriber_session.h"

namespace carillon::bus {
namespace {

constexpr std::size_t kStreamBytes = 4 * 1024 * 1024;
constexpr std::size_t kHiredisPieceBytes = 16 * 1024;  // what hiredis reads from a socket at a time
constexpr std::size_t kOurPieceBytes = 64 * 1024;      // what the reactor's stream reads at most

std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

std::pair<std::string, std::int64_t> record(std::size_t body_bytes) {
  const auto message = "*4\r\n" + bulk("pmessage") + bulk("orion.*") + bulk("orion.content.created") +
                       bulk(std::string(body_bytes, 'x'));
  std::string stream;
  std::int64_t count = 0;
  for (; stream.size() < kStreamBytes; ++count) stream += message;
  return {stream, count};
}

void bare_redis_reader(benchmark::State& state) {
  const auto [stream, count] = record(static_cast<std::size_t>(state.range(0)));
  redisReader* const reader = redisReaderCreate();
  std::size_t bytes = 0;
  for ([[maybe_unused]] auto step : state) {
    for (std::string_view rest = stream; !rest.empty();) {
      const auto piece = rest.substr(0, kHiredisPieceBytes);
      rest.remove_prefix(piece.size());
      redisReaderFeed(reader, piece.data(), piece.size());
      void* reply = nullptr;
      while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply != nullptr) {
        bytes += static_cast<redisReply*>(reply)->element[3]->len;
        freeReplyObject(reply);
      }
    }
  }
  redisReaderFree(reader);
  benchmark::DoNotOptimize(bytes);
  state.SetItemsProcessed(count * state.iterations());
}
BENCHMARK(bare_redis_reader)->Arg(64)->Arg(256)->Arg(2048)->Arg(65536);

class Counting final : public SubscriberListener {
 public:
  void on_message(std::string_view, std::string_view body) override { bytes += body.size(); }
  void on_oversize(std::string_view) override {}
  void on_probe_received(std::string_view) override {}
  void on_pong() override {}
  std::size_t bytes = 0;
};

void subscriber_session(benchmark::State& state) {
  const auto [stream, count] = record(static_cast<std::size_t>(state.range(0)));
  Counting counting;
  SubscriberSession session({}, Subscriptions({ChannelPattern::parse("orion.*").value()}, "n"), {}, counting);
  std::string out;
  session.open({}, out);
  session.feed("*3\r\n" + bulk("psubscribe") + bulk("orion.*") + ":1\r\n*3\r\n" + bulk("subscribe") +
                   bulk("carillon.probe.n") + ":2\r\n",
               {});
  for ([[maybe_unused]] auto step : state) {
    for (std::string_view rest = stream; !rest.empty();) {
      const auto piece = rest.substr(0, kOurPieceBytes);
      rest.remove_prefix(piece.size());
      CARILLON_ASSERT(!session.feed(piece, {}));
    }
  }
  benchmark::DoNotOptimize(counting.bytes);
  state.SetItemsProcessed(count * state.iterations());
}
BENCHMARK(subscriber_session)->Arg(64)->Arg(256)->Arg(2048)->Arg(65536);

}  // namespace
}  // namespace carillon::bus

// delivery_cost ROW ROUNDS: one hot piece, ROUNDS times, on sockets that take everything and cost nothing.
// Prints how many deliveries (or messages) that were. tools/check_cost.py runs it under callgrind with two
// numbers of rounds, and the slope is what one of them costs in instructions, whatever else the machine does.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "fanout/fan_out.h"
#include "transport/websocket.h"
#include "websocket/frame_reader.h"
#include "websocket/frame_writer.h"

namespace carillon {
namespace {

constexpr std::size_t kEventBytes = 252;  // 256 with the frame's header
constexpr std::uint32_t kSubscribers = 1000;

class NullHost final : public fanout::FanOutHost {
 public:
  WriteResult write(fanout::SubscriberId, const iovec* pieces, int count) override {
    std::size_t bytes = 0;
    for (int i = 0; i < count; ++i) bytes += pieces[i].iov_len;
    return {bytes, WriteResult::State::ok};
  }
  bool append_gap_frame(fanout::SubscriberId, fanout::LogId, const fanout::LagGap&, std::string&) override {
    return false;
  }
  bool slice_is_over() override { return false; }
  std::size_t held_back(fanout::SubscriberId) const override { return 0; }
};

// Adds to histograms, as a shard does.
class Samples final : public fanout::FanOutSamples {
 public:
  void note_delivery(std::uint32_t received) override {
    latency_.add(between_ticks(received, wrapping_tick(mono_now())));
  }
  void note_recipients(std::uint32_t subscribers) override { recipients_.add(std::uint64_t{subscribers}); }

 private:
  Histogram latency_{kTimeBounds};
  Histogram recipients_{kClientBounds};
};

class Engine {
 public:
  // Every subscriber receives all of these logs.
  explicit Engine(int logs) {
    for (int i = 0; i < logs; ++i) logs_.push_back(fan_out_.add_log(0));
    for (std::uint32_t id = 0; id < kSubscribers; ++id) {
      fan_out_.add_subscriber(id, 0, fanout::Encoding::plain);
      for (const fanout::LogId log : logs_) fan_out_.subscribe(id, log);
    }
  }
  // Everybody has a log for himself.
  Engine() {
    for (std::uint32_t id = 0; id < kSubscribers; ++id) {
      logs_.push_back(fan_out_.add_log(0));
      fan_out_.add_subscriber(id, 0, fanout::Encoding::plain);
      fan_out_.subscribe(id, logs_.back());
    }
  }
  std::uint64_t run(long rounds, int pending) {
    for (long round = 0; round < rounds; ++round) {
      for (const fanout::LogId log : logs_) {
        for (int i = 0; i < pending; ++i) fan_out_.append(log, arena_.make_shared(payload_, {now_}), now_);
      }
      while (fan_out_.run_slice(now_)) {
      }
    }
    return fan_out_.counters().sent_in_total().deliveries;
  }

 private:
  NullHost host_;
  fanout::FrameMemory memory_{std::uint64_t{1} << 40};
  Samples samples_;
  fanout::FanOut fan_out_{
      host_, {.memory = memory_, .samples = &samples_}, {{fanout::LagRule{}}, {fanout::LogRules{}}}, nullptr};
  fanout::FrameArena arena_{memory_, transport::websocket_encoder()};
  const std::string payload_ = std::string(kEventBytes, 'x');
  const MonoTime now_{seconds(1)};
  std::vector<fanout::LogId> logs_;
};

class Counting final : public websocket::MessageHandler {
 public:
  websocket::Next on_message(websocket::Opcode, std::string_view, std::uint64_t) override {
    ++messages;
    return websocket::Next::go_on;
  }
  websocket::Next on_ping(std::string_view) override { return websocket::Next::go_on; }
  websocket::Next on_pong(std::string_view) override { return websocket::Next::go_on; }
  void on_close(std::optional<std::uint16_t>, std::string_view) override {}

  std::uint64_t messages = 0;
};

// A client's command of 64 bytes: header, mask, UTF-8.
std::uint64_t read_messages(long rounds) {
  std::string frame;
  websocket::append_masked_frame(frame, websocket::Opcode::text, std::string(64, 'a'), {1, 2, 3, 4});
  const websocket::ReaderLimits limits;
  Counting counting;
  websocket::FrameReader reader;
  std::string bytes;
  for (long round = 0; round < rounds; ++round) {
    bytes.assign(frame);  // unmasked in place
    if (reader.feed(bytes, limits, counting, nullptr).consumed != frame.size()) return 0;
  }
  return counting.messages;
}

using Row = std::function<std::uint64_t(long)>;

const std::map<std::string, Row>& rows() {
  static const std::map<std::string, Row> all = {
      {"delivery, 1 pending", [](long rounds) { return Engine(1).run(rounds, 1); }},
      {"delivery, 16 pending", [](long rounds) { return Engine(1).run(rounds, 16); }},
      {"delivery, 20 logs a client", [](long rounds) { return Engine(20).run(rounds, 1); }},
      {"delivery, a log a client", [](long rounds) { return Engine().run(rounds, 1); }},
      {"message of a client, 64 bytes", read_messages},
  };
  return all;
}

}  // namespace
}  // namespace carillon

int main(int argc, char** argv) {
  if (argc == 1) {
    for (const auto& [name, row] : carillon::rows()) std::printf("%s\n", name.c_str());
    return 0;
  }
  const auto found = carillon::rows().find(argv[1]);
  if (argc != 3 || found == carillon::rows().end()) {
    std::fprintf(stderr, "usage: delivery_cost [ROW ROUNDS]; without any it lists the rows\n");
    return 2;
  }
  const auto done = found->second(std::strtol(argv[2], nullptr, 10));
  std::printf("%llu\n", static_cast<unsigned long long>(done));
  return 0;
}

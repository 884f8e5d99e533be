#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fanout/fan_out.h"
#include "fanout/testing/fake_host.h"
#include "transport/websocket.h"

namespace carillon::fanout::testing {

using Payloads = std::vector<std::string>;

// Policies and groups of every stage, with limits of the test's choice: a log has one as its rule, and a
// subscriber without logs is in the group with the same number.
inline constexpr PolicyId kDisconnect = 0;
inline constexpr PolicyId kSkip = 1;
inline constexpr PolicyId kLatest = 2;
inline constexpr std::size_t kOwners = 8;

struct StageOptions {
  std::uint32_t log_bytes_hard_max = 1024U * 1024 * 1024;
  std::uint32_t outbox_bytes_max = 64 * 1024;
  std::uint64_t memory_max = std::uint64_t{1} << 40;
};

// Stage: a FanOut with a FakeHost, a clock that the test turns, and short words for what tests do.
struct Stage {
  explicit Stage(LagRule limits = {}, StageOptions options = {})
      : memory(options.memory_max),
        engine(std::make_unique<FanOut>(
            host, FanOutOptions{memory, options.log_bytes_hard_max, options.outbox_bytes_max, &host},
            rules(limits), &compressor)) {}

  static LagRules rules(LagRule limits) {
    LagRules all;
    LogRules logs;
    for (const LagPolicy policy : {LagPolicy::disconnect, LagPolicy::skip, LagPolicy::latest}) {
      limits.policy = policy;
      logs[all.groups.size()] = {policy, limits.bytes_max};
      all.groups.push_back(limits);
    }
    all.logs.assign(kOwners, logs);
    return all;
  }

  void join(SubscriberId id, std::vector<LogId> logs, GroupId group = kDisconnect,
            Encoding encoding = Encoding::plain) {
    engine->add_subscriber(id, group, encoding);
    for (const LogId log : logs) engine->subscribe(id, log);
  }
  void append(LogId log, std::string_view text) { engine->append(log, arena.make_own(text, {now}), now); }
  void append_shared(LogId log, std::string_view text) { engine->append(log, arena.make_shared(text), now); }
  bool send(SubscriberId id, std::string_view bytes) { return engine->send(id, bytes, now); }
  void finish(SubscriberId id) { engine->finish(id, close_frame(), now); }
  static std::string close_frame() {
    std::string frame;
    websocket::append_close(frame, std::nullopt);
    return frame;
  }

  bool slice(std::size_t length) {
    host.slice_left = length;
    const bool left = engine->run_slice(now);
    host.slice_left = kOpen;
    return left;
  }
  void run() { slice(kOpen); }
  void pass(milliseconds time) { now += time; }

  // The socket's peer has read `bytes`; the event loop would report it.
  void let_through(SubscriberId id, std::size_t bytes = kOpen) {
    host.at(id).capacity = bytes;
    engine->on_writable(id);
  }
  void block(SubscriberId id) { host.at(id).capacity = 0; }

  Payloads received(SubscriberId id) { return host.at(id).payloads(); }
  // The verdicts so far, "3 broken" each.
  std::vector<std::pair<SubscriberId, Verdict::What>> verdicts() {
    std::vector<std::pair<SubscriberId, Verdict::What>> all;
    for (const Verdict& each : engine->take_verdicts()) all.emplace_back(each.subscriber, each.what);
    return all;
  }

  FakeHost host;
  FrameMemory memory;
  FrameArena arena{memory, transport::websocket_encoder()};
  transport::WebSocketCompressor compressor;
  MonoTime now{seconds(100)};
  std::unique_ptr<FanOut> engine;
};

inline std::size_t wire_size(std::size_t payload) { return websocket::server_header_size(payload) + payload; }

}  // namespace carillon::fanout::testing

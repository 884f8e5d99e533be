#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bus/redis/redis_bus.h"
#include "bus/testing/sessions.h"
#include "reactor/testing/fake_loop.h"

namespace carillon::bus::testing {

class ScriptedStream;

// Stands for the broker's side: every connection that the bus dials, in order.
struct Script {
  std::vector<ScriptedStream*> live;  // null where the bus has closed it
  std::size_t dials = 0;
};

class ScriptedStream final : public reactor::ClientStream {
 public:
  ScriptedStream(Script& script, reactor::ClientStreamHandler& owner)
      : handler(owner), script_(script), index_(script.live.size()) {
    script.live.push_back(this);
    ++script.dials;
  }
  ~ScriptedStream() override { script_.live[index_] = nullptr; }
  void write(std::string_view bytes) override { written += bytes; }
  std::size_t unsent_bytes() const override { return unsent; }

  std::string take_written() { return std::exchange(written, {}); }
  reactor::ClientStreamHandler& handler;
  std::string written;
  std::size_t unsent = 0;

 private:
  Script& script_;
  const std::size_t index_;
};

inline const std::string kAcknowledged =
    acknowledgement("psubscribe", "a.*", 1) + acknowledgement("subscribe", "carillon.probe.n1", 2);

inline std::string server_answer(std::string_view run_id) {
  return bulk("run_id:" + std::string(run_id) + "\r\n") + bulk("role:master\r\n");
}

// RedisBusStage: a RedisBus over scripted connections and a loop with manual time.
struct RedisBusStage {
  reactor::FakeLoop loop;
  Script script;
  RecordingSink sink;
  RecordingLog log;
  Tally tally;
  std::unique_ptr<RedisBus> bus;

  explicit RedisBusStage(std::optional<milliseconds> address_check = std::nullopt) {
    RedisBusOptions options;
    options.bus.address_check_interval = address_check;
    options.bus.patterns = patterns({"a.*"});
    options.bus.node_id = "n1";
    options.bus.event_bytes_max = 1000;
    options.login.password = Secret("hunter2");
    options.display_url = "redis://h:1";
    options.seed = 1;
    options.write_buffer_bytes_max = 4000;
    const auto connector = [this](reactor::ClientStreamHandler& handler) {
      return std::make_unique<ScriptedStream>(script, handler);
    };
    bus = std::make_unique<RedisBus>(std::move(options), connector, loop, sink, log);
  }
  ScriptedStream& stream(std::size_t index) { return *script.live.at(index); }
  ScriptedStream& newest() { return *script.live.back(); }
  void answer(ScriptedStream& to, std::string_view bytes) {
    to.handler.on_bytes(bytes);
    loop.settle();
  }
  void hang_up(ScriptedStream& to) {
    to.handler.on_closed({"connection reset"});
    loop.settle();
  }
  // The newest connection is the subscriber's: answers it, then the publisher's if one is dialled.
  void answer_subscriber(const std::string& identity = {}) {
    newest().handler.on_connected();
    newest().take_written();
    answer(newest(), "+OK\r\n" + identity + kAcknowledged);
  }
  void answer_publisher(const std::string& identity = {}) {
    newest().handler.on_connected();
    newest().take_written();
    answer(newest(), "+OK\r\n+PONG\r\n" + identity);
  }
  static std::string nonce_in(const std::string& written) {
    const auto at = written.find("carillon.probe.n1\r\n$");
    if (at == std::string::npos) return {};
    const auto begin = written.find("\r\n", at + 20) + 2;
    return written.substr(begin, written.find("\r\n", begin) - begin);
  }
  void pass_probe(ScriptedStream& subscriber, ScriptedStream& publisher) {
    const auto nonce = nonce_in(publisher.take_written());
    ASSERT_FALSE(nonce.empty());
    answer(publisher, ":1\r\n");
    answer(subscriber, array({"message", "carillon.probe.n1", nonce}));
  }
  // Streams 0 and 1 up.
  void start() {
    bus->start();
    answer_subscriber();
    answer_publisher();
    answer(stream(0), array({"pong", ""}));
    pass_probe(stream(0), stream(1));
    ASSERT_EQ(bus->status().state, BusState::up);
  }
  void redial(milliseconds within = milliseconds(200)) {
    const auto before = script.dials;
    for (int i = 0; i < within.count() && script.dials == before; ++i) loop.advance(milliseconds(1));
    ASSERT_EQ(script.dials, before + 1);
  }
};

}  // namespace carillon::bus::testing

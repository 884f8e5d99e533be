// A CommandDispatcher on its own, with clients that have no sockets: a test passes a client's message in and
// checks what is sent to that client.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client/testing/server_frames.h"
#include "fanout/testing/fake_host.h"
#include "gateway/command_dispatcher.h"
#include "gateway/testing/compiled.h"
#include "gateway/testing/fake_publisher.h"
#include "gateway/testing/recording_log.h"
#include "reactor/testing/fake_loop.h"

namespace carillon::gateway::testing {

using Texts = std::vector<std::string>;

inline constexpr std::string_view kServiceEndpoint = "[[endpoint]]\nprofile = \"service\"\n";
inline constexpr std::string_view kTime = "2026-01-01T00:00:00Z";
inline constexpr std::string_view kChat =
    R"({"type":"chat_message","data":{"conversation_id":"c","content":"hi"}})";

inline std::string service_with(std::string_view lines) {
  return std::string(kServiceEndpoint) + std::string(lines);
}

class NeverClosed final : public AudienceHost {
 public:
  void on_answers(std::vector<ResumeAnswer>) override {}
  void close_recipients(const Endpoint&, CloseReason) override { ADD_FAILURE() << "no batch is missing"; }
};

// Clients without sockets: records what is sent to each, and whether it is still open.
class FakeClients final : public CommandHost {
 public:
  explicit FakeClients(const EndpointTable& endpoints) : endpoints_(endpoints) {}

  CommandClient add(Ref<const auth::Identity> identity = {}) {
    identities_.push_back(std::move(identity));
    const ClientId id{static_cast<std::uint32_t>(identities_.size() - 1), 7};
    open[id.index] = true;
    return {id, endpoints_[0], identities_.back().get()};
  }
  bool send_text(ClientId client, std::string_view payload) override {
    sent[client.index].emplace_back(payload);
    return has_room;
  }
  bool send_frames(ClientId client, std::string_view frames) override {
    for (const std::string& frame : client::testing::frames_of(frames)) {
      sent[client.index].push_back(frame.substr(std::string_view("text ").size()));
    }
    return has_room;
  }
  bool send_late(ClientId client, std::string_view payload, std::size_t) override {
    sent[client.index].emplace_back(payload);
    return true;
  }
  void close_for_memory(ClientId client) override { open[client.index] = false; }
  void note_decision(ClientId, std::string_view decision, std::string_view channel,
                     std::string_view why) override {
    decisions.push_back(std::string(decision) + " " + std::string(channel) + (why.empty() ? "" : ": ") +
                        std::string(why));
  }
  std::optional<CommandClient> find_open(ClientId client) override {
    if (client.generation != 7 || !open[client.index]) return std::nullopt;
    return CommandClient{client, endpoints_[0], identities_[client.index].get()};
  }

  void begin_resume(const CommandClient&, const Command& command) override {
    decisions.push_back("resume " + command.channel + " from " + command.position.value_or("the last"));
  }
  void cancel_resume(ClientId, std::string_view) override {}
  void replay(ClientId client, history::Records events) override {
    sent[client.index].push_back(std::to_string(events.size()) + " missed events");
  }
  void report_gap(const CommandClient& client, std::string_view channel, std::string_view reason) override {
    sent[client.id.index].push_back("gap " + std::string(channel) + ": " + std::string(reason));
  }
  std::string position_of(std::uint64_t number) const override { return "P" + std::to_string(number); }

  std::map<std::uint32_t, bool> open;
  std::map<std::uint32_t, Texts> sent;
  Texts decisions;
  bool has_room = true;

 private:
  const EndpointTable& endpoints_;
  std::vector<Ref<const auth::Identity>> identities_;
};

struct CommandStage {
  explicit CommandStage(std::string_view toml = kServiceEndpoint)
      : compiled(toml),
        fan_out(sockets, fanout::FanOutOptions{memory}, compiled.lag_rules(), nullptr),
        counters(compiled.endpoints.size()),
        incidents(log, redaction_of(compiled.settings), counters.lines_suppressed),
        audiences({fan_out, loop, never_closed, counters, compiled.endpoints, compiled.settings.server},
                  SipKey{1, 2}, Audiences::Place::beside_the_router, std::move(*reactor::WakeFd::create())),
        clients(compiled.endpoints),
        dispatcher(audiences, clients, publisher, loop, incidents, counters) {}

  CommandClient join(Ref<const auth::Identity> identity = auth::Identity::make("alice", std::nullopt)) {
    const CommandClient client = clients.add(std::move(identity));
    fan_out.add_subscriber(client.id.index, client.endpoint.group, fanout::Encoding::plain);
    EXPECT_EQ(audiences.subscribe_selected(client.id.index, client.endpoint, {0, {}, true}),
              Audiences::Outcome::subscribed);
    return client;
  }
  bool handle(const CommandClient& client, std::string_view message) {
    return dispatcher.handle(client, client.endpoint.commands.parse(websocket::Opcode::text, message));
  }
  Texts answer_to(const CommandClient& client, std::string_view message) {
    EXPECT_TRUE(handle(client, message));
    return take_sent(client);
  }
  Texts subscribe(const CommandClient& client, std::string_view channel) {
    return answer_to(client, R"({"type":"subscribe","data":{"channel":")" + std::string(channel) + "\"}}");
  }
  Texts take_sent(const CommandClient& client) { return std::exchange(clients.sent[client.id.index], {}); }

  // The channels of this endpoint that have subscribers.
  std::uint64_t channels() {
    audiences.publish_counters();
    return counters.channels.get();
  }

  fanout::testing::FakeHost sockets;
  reactor::FakeLoop loop;
  NeverClosed never_closed;
  RecordingLog log;
  FakePublisher publisher;
  Compiled compiled;
  fanout::FrameMemory memory{std::uint64_t{1} << 30};
  fanout::FanOut fan_out;
  ShardCounters counters;
  IncidentLog incidents;
  Audiences audiences;
  FakeClients clients;
  CommandDispatcher dispatcher;
};

inline std::string error_text(std::string_view code, std::string_view message) {
  return R"({"type":"error","data":{"code":")" + std::string(code) + R"(","message":")" +
         std::string(message) + R"("},"timestamp":")" + std::string(kTime) + "\"}";
}
inline std::string not_subscribed(std::string_view why) {
  return error_text("subscription_failed",
                    "Failed to subscribe to the requested channel: " + std::string(why));
}

}  // namespace carillon::gateway::testing

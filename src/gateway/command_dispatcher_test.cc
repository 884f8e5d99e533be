// CommandDispatcher on its own: each test passes a client's message in and checks what is sent to that
// client.
#include "gateway/command_dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/testing/allocation_ceiling.h"
#include "client/testing/server_frames.h"
#include "fanout/testing/fake_host.h"
#include "gateway/testing/compiled.h"
#include "gateway/testing/fake_publisher.h"
#include "gateway/testing/recording_log.h"
#include "reactor/testing/fake_loop.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;

constexpr std::string_view kServiceEndpoint = "[[endpoint]]\nprofile = \"service\"\n";
constexpr std::string_view kTime = "2026-01-01T00:00:00Z";
constexpr std::string_view kChat = R"({"type":"chat_message","data":{"conversation_id":"c","content":"hi"}})";

std::string service_with(std::string_view lines) {
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
    fan_out.add_subscriber(client.id.index, client.endpoint.policy(), fanout::Encoding::plain);
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

std::string error_text(std::string_view code, std::string_view message) {
  return R"({"type":"error","data":{"code":")" + std::string(code) + R"(","message":")" +
         std::string(message) + R"("},"timestamp":")" + std::string(kTime) + "\"}";
}
std::string not_subscribed(std::string_view why) {
  return error_text("subscription_failed",
                    "Failed to subscribe to the requested channel: " + std::string(why));
}

TEST(CommandDispatcher, APingIsAnsweredWithThePongOfTheProtocol) {
  CommandStage stage;
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.answer_to(client, R"({"type":"ping"})"),
              ElementsAre(R"({"type":"pong","data":{},"timestamp":")" + std::string(kTime) + "\"}"));
  EXPECT_EQ(stage.counters.commands.get(), 1U);
  EXPECT_EQ(stage.counters.error_frames.get(), 0U);
}

TEST(CommandDispatcher, SubscribingAndUnsubscribingAreSilentWithoutAcks) {
  CommandStage stage;
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.subscribe(client, "news"), IsEmpty());
  EXPECT_EQ(stage.channels(), 1U);
  EXPECT_THAT(stage.answer_to(client, R"({"type":"unsubscribe","data":{"channel":"news"}})"), IsEmpty());
  stage.audiences.remove_deserted();
  EXPECT_EQ(stage.channels(), 0U);
}

TEST(CommandDispatcher, SubscribingAndUnsubscribingAreAcknowledgedWithAcks) {
  CommandStage stage(service_with("acks = \"on\"\n"));
  const CommandClient client = stage.join();
  const std::string rest = R"(,"data":{"channel":"news"},"timestamp":")" + std::string(kTime) + "\"}";
  EXPECT_THAT(stage.subscribe(client, "news"), ElementsAre(R"({"type":"subscribed")" + rest));
  EXPECT_THAT(stage.subscribe(client, "news"), ElementsAre(R"({"type":"subscribed")" + rest));
  EXPECT_EQ(stage.channels(), 1U);
  EXPECT_THAT(stage.answer_to(client, R"({"type":"unsubscribe","data":{"channel":"news"}})"),
              ElementsAre(R"({"type":"unsubscribed")" + rest));
}

TEST(CommandDispatcher, AChannelThatTheTokenDoesNotPermitIsRefused) {
  CommandStage stage;
  std::vector<ChannelPattern> permitted;
  permitted.push_back(*ChannelPattern::parse("news.*"));
  const CommandClient client = stage.join(auth::Identity::make("alice", std::nullopt, std::move(permitted)));
  EXPECT_THAT(stage.subscribe(client, "secret"),
              ElementsAre(error_text("unauthorized", "Authentication failed or insufficient permissions")));
  EXPECT_EQ(stage.channels(), 0U);
  EXPECT_THAT(stage.subscribe(client, "news.today"), IsEmpty());
  EXPECT_EQ(stage.channels(), 1U);
}

TEST(CommandDispatcher, AClientWithoutATokenMaySubscribeWhereNoneIsAskedFor) {
  CommandStage stage;
  const CommandClient client = stage.join({});
  EXPECT_THAT(stage.subscribe(client, "news"), IsEmpty());
  EXPECT_EQ(stage.channels(), 1U);
}

TEST(CommandDispatcher, AReservedChannelIsRefusedAndCounted) {
  CommandStage stage(service_with("source.channels = [\"*\"]\n"));
  const CommandClient client = stage.join();
  const Texts texts = stage.subscribe(client, "carillon.x");
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_THAT(texts[0], HasSubstr("those channels are reserved"));
  EXPECT_EQ(stage.counters.commands_reserved.get(), 1U);
  EXPECT_EQ(stage.channels(), 0U);
}

TEST(CommandDispatcher, AStarInANameIsLoggedAndSubscribedToAsALetter) {
  CommandStage stage;
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.subscribe(client, "news.*"), IsEmpty());
  EXPECT_EQ(stage.channels(), 1U);
  ASSERT_EQ(stage.log.records.size(), 1U);
  EXPECT_EQ(stage.log.records[0].fields.at("channel"), "news.*");
}

TEST(CommandDispatcher, TheErrorSaysWhetherTheClientOrTheServerHasTooManyChannels) {
  CommandStage stage("server.channels_max = 2\n" + service_with("limits.channels = 1\n"));
  const CommandClient first = stage.join();
  const CommandClient second = stage.join();
  const CommandClient third = stage.join();
  EXPECT_THAT(stage.subscribe(first, "a"), IsEmpty());
  EXPECT_THAT(stage.subscribe(first, "b"), ElementsAre(not_subscribed("too many channels")));
  EXPECT_THAT(stage.subscribe(second, "b"), IsEmpty());
  EXPECT_THAT(stage.subscribe(third, "c"), ElementsAre(not_subscribed("the server has too many channels")));
  EXPECT_EQ(stage.counters.error_frames.get(), 2U);
}

TEST(CommandDispatcher, AMessageThatIsNoCommandGetsAnErrorFrame) {
  CommandStage stage;
  const CommandClient client = stage.join();
  const Texts texts = stage.answer_to(client, "no JSON");
  ASSERT_EQ(texts.size(), 1U);
  EXPECT_THAT(texts[0], HasSubstr(R"("code":"invalid_request")"));
  EXPECT_EQ(stage.counters.commands.get(), 1U);
  EXPECT_EQ(stage.counters.error_frames.get(), 1U);
}

TEST(CommandDispatcher, WhereTheProtocolHasNoErrorFrameNothingIsSentOrCounted) {
  CommandStage stage(service_with("frames.error = \"\"\n"));
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.answer_to(client, "no JSON"), IsEmpty());
  EXPECT_TRUE(stage.dispatcher.send_error(client, ErrorKind::rate_limited));
  EXPECT_THAT(stage.take_sent(client), IsEmpty());
  EXPECT_EQ(stage.counters.error_frames.get(), 0U);
}

TEST(CommandDispatcher, AFullOutboxStopsTheClientAfterAnyReplyOrError) {
  CommandStage stage(service_with("acks = \"on\"\n"));
  const CommandClient client = stage.join();
  stage.clients.has_room = false;
  EXPECT_FALSE(stage.handle(client, R"({"type":"ping"})"));
  EXPECT_FALSE(stage.handle(client, "no JSON"));
  EXPECT_FALSE(stage.handle(client, R"({"type":"subscribe","data":{"channel":"a"}})"));
  EXPECT_FALSE(stage.handle(client, R"({"type":"unsubscribe","data":{"channel":"a"}})"));
  EXPECT_EQ(stage.take_sent(client).size(), 4U);
}

TEST(CommandDispatcher, AClientsEventIsPublishedWithItsSubject) {
  CommandStage stage(service_with("client_publish = \"on\"\n"));
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.answer_to(client, kChat), IsEmpty());
  ASSERT_EQ(stage.publisher.published.size(), 1U);
  EXPECT_EQ(stage.publisher.published[0].channel, "service.channel.conversation:c");
  EXPECT_EQ(stage.publisher.published[0].body,
            R"({"type":"chat_message","data":{"conversation_id":"c","sender_id":"alice","content":"hi"}})");
  stage.publisher.published[0].done(bus::PublishResult::accepted);
  stage.loop.settle();
  EXPECT_THAT(stage.take_sent(client), IsEmpty());
}

TEST(CommandDispatcher, AnEventForAChannelThatTheTokenDoesNotPermitIsNotPublished) {
  CommandStage stage(service_with("client_publish = \"on\"\n"));
  const CommandClient client =
      stage.join(auth::Identity::make("alice", std::nullopt, std::vector<ChannelPattern>{}));
  EXPECT_THAT(stage.answer_to(client, kChat),
              ElementsAre(error_text("unauthorized", "Authentication failed or insufficient permissions")));
  EXPECT_THAT(stage.publisher.published, IsEmpty());
}

TEST(CommandDispatcher, ARefusalOfTheBusReachesTheClientInTheLoopsNextTurn) {
  CommandStage stage(service_with("client_publish = \"on\"\n"));
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.answer_to(client, kChat), IsEmpty());
  stage.publisher.published.at(0).done(bus::PublishResult::refused);
  EXPECT_THAT(stage.take_sent(client), IsEmpty()) << "the bus answers on a thread of its own";
  stage.loop.settle();
  EXPECT_THAT(stage.take_sent(client),
              ElementsAre(error_text("internal_error", "Server-side error: not published")));
}

TEST(CommandDispatcher, ARefusalOfTheBusIsDroppedOnceTheClientHasGone) {
  CommandStage stage(service_with("client_publish = \"on\"\n"));
  const CommandClient client = stage.join();
  EXPECT_THAT(stage.answer_to(client, kChat), IsEmpty());
  stage.clients.open[client.id.index] = false;
  stage.publisher.published.at(0).done(bus::PublishResult::refused);
  stage.loop.settle();
  EXPECT_THAT(stage.take_sent(client), IsEmpty());
  EXPECT_EQ(stage.counters.error_frames.get(), 0U);
}

TEST(CommandDispatcher, AFullQueueToTheBusIsAnErrorAtOnce) {
  CommandStage stage(service_with("client_publish = \"on\"\n"));
  const CommandClient client = stage.join();
  stage.publisher.is_full = true;
  EXPECT_THAT(stage.answer_to(client, kChat),
              ElementsAre(error_text("internal_error", "Server-side error: not published")));
  EXPECT_EQ(stage.counters.publishes_failed.get(), 1U);
}

// Regression: these were as long as the message, and without memory for them the process ended.
TEST(CommandDispatcher, ACommandWithoutMemoryForItsAnswerClosesItsClient) {
  CommandStage stage(service_with("client_publish = \"on\"\n"));
  const std::string padding = ",\"x\":\"" + std::string(20'000, 'x') + "\"}";
  for (const std::string& start :
       {std::string(kChat.substr(0, kChat.size() - 1)), std::string(R"({"type":"ping")"),
        std::string(R"({"type":"no such command")")}) {
    const CommandClient client = stage.join();
    const carillon::testing::AllocationCeiling ceiling(10'000);
    EXPECT_FALSE(stage.handle(client, start + padding));
    EXPECT_FALSE(stage.clients.open[client.id.index]);
  }
  EXPECT_THAT(stage.publisher.published, IsEmpty());
}

}  // namespace
}  // namespace carillon::gateway::testing

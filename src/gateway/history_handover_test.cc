// Two processes on one bus, of which one takes over from the other.
#include "gateway/history_handover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "client/testing/fake_sockets.h"
#include "gateway/node.h"
#include "gateway/testing/compiled.h"
#include "gateway/testing/recording_log.h"
#include "gateway/testing/stub_http_handler.h"
#include "reactor/testing/fake_loop.h"

namespace carillon::gateway::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kTwoChannels =
    "[[endpoint]]\nprofile = \"service\"\nhistory = [{ events = 100, age = \"5m\" }]\n";

class SharedBus;

// What all buses of a test are connected to. Each receives what was published when it is told to.
struct Broker {
  std::vector<SharedBus*> buses;
};

class SharedBus final : public bus::Bus {
 public:
  SharedBus(Broker& broker, bus::BusOptions options, bus::EventSink& sink)
      : broker_(broker),
        options_(std::move(options)),
        own_("carillon.probe." + options_.node_id),
        sink_(sink) {
    broker_.buses.push_back(this);
  }
  ~SharedBus() override { std::erase(broker_.buses, this); }

  void start() override { sink_.on_status({bus::BusState::up, {}, {}, {}}); }
  void publish(std::string_view channel, std::string_view body, bus::PublishDone) override {
    for (SharedBus* each : broker_.buses) each->waiting_.emplace_back(channel, body);
  }
  const bus::BusStatus& status() const override { return status_; }
  const bus::BusCounters& counters() const override { return counters_; }
  std::string_view display_url() const override { return "test:"; }
  std::string_view marker_channel() const override { return own_; }

  void receive() {
    for (const auto& [channel, body] : std::exchange(waiting_, {})) {
      if (body.starts_with(bus::kMarkerPrefix)) {
        if (channel == own_ || channel == options_.followed_markers) sink_.on_marker(body);
      } else {
        sink_.on_event({channel, body});
      }
    }
    sink_.on_batch_end();
  }
  void lose() {
    waiting_.clear();
    sink_.on_gap();
  }

 private:
  Broker& broker_;
  const bus::BusOptions options_;
  const std::string own_;
  bus::EventSink& sink_;
  std::vector<std::pair<std::string, std::string>> waiting_;
  bus::BusStatus status_;
  bus::BusCounters counters_;
};

class Process {
 public:
  Process(Broker& broker, std::uint64_t seed, std::optional<InheritedNumbers> inherited = {},
          std::string_view toml = kTwoChannels)
      : loop_(new reactor::FakeLoop), sockets_(*loop_) {
    World world{.make_loop = [this] { return std::unique_ptr<reactor::Loop>(loop_); },
                .sockets = sockets_,
                .make_bus =
                    [this, &broker](bus::BusOptions options, reactor::Loop&, bus::EventSink& sink, Log&) {
                      auto made = std::make_unique<SharedBus>(broker, std::move(options), sink);
                      bus = made.get();
                      return Result<std::unique_ptr<bus::Bus>>(std::move(made));
                    },
                .random = [seed]() mutable { return ++seed; },
                .memory_use =
                    [] {
                      return MemoryUse{0, 1 << 30};
                    },
                .memory_limit_bytes = std::uint64_t{1} << 30,
                .inherited_numbers = std::move(inherited)};
    const auto settings = Compiled::load("server.shards = 1\n" + std::string(toml));
    node = std::move(*Node::create(settings, world, api_, log_));
    node->start();
  }

  HistoryHandover& handover() { return node->history_handover(); }
  void publish(std::string_view channel, std::string_view n) {
    bus->publish("service.channel." + std::string(channel), R"({"type":"t","data":)" + std::string(n) + "}",
                 {});
  }
  // What it answers to a client that has received the event with this number from `other`: the numbers of the
  // events that follow, or why it gives none.
  std::string after(const Process& other, std::uint64_t number, std::string_view channel = "a") {
    ResumeRequest request;
    append_text({other.node->resume_desk().epoch(), number}, request.position);
    request.channels.emplace_back(channel);
    request.last = 1000;
    request.page_bytes_max = 1 << 30;
    std::string text = "no answer";
    node->resume_desk().read_page(request, "", [&text](const auto& page) {
      text = page->answer.outcome == ResumeOutcome::recovered ? "" : name_of(page->answer.outcome);
      for (const auto& each : page->answer.events) text += std::to_string(each->number()) + " ";
    });
    loop_->settle();
    return text;
  }
  void advance(milliseconds time) { loop_->advance(time); }

 private:
  reactor::FakeLoop* loop_;  // the node's
  RecordingLog log_;
  StubHttpHandler api_;
  client::testing::FakeSockets sockets_;

 public:
  SharedBus* bus = nullptr;
  std::unique_ptr<Node> node;
};

std::string bytes_of(const OfferedHistory& offered) {
  std::string bytes;
  history::write_snapshots(offered.snapshots, [&bytes](std::string_view part) {
    bytes += part;
    return true;
  });
  return bytes;
}

// A process, and one that has asked it for its history. The marker is on its way.
struct TwoProcesses {
  explicit TwoProcesses(std::string_view toml_of_next = kTwoChannels) {
    publish("a", 3);
    old.bus->receive();
    next = std::make_unique<Process>(broker, 2000, old.handover().numbers(), toml_of_next);
    publish("b", 2);
    old.handover().offer(next->handover().marker(), [this](auto answer) { offered = std::move(answer); });
    publish("a", 2);
  }
  void publish(std::string_view channel, int count) {
    for (int i = 0; i < count; ++i) old.publish(channel, "1");
  }
  Result<std::uint64_t> adopt() { return next->handover().adopt(**offered, bytes_of(**offered)); }
  void receive() {
    old.bus->receive();
    next->bus->receive();
  }

  Broker broker;
  Process old{broker, 1000};
  std::unique_ptr<Process> next;
  std::optional<Result<OfferedHistory>> offered;
};

TEST(HistoryHandover, TheNewProcessGoesOnWithTheNumbersAndTheHistoryOfTheOld) {
  TwoProcesses both;
  both.receive();
  ASSERT_TRUE(both.offered && *both.offered);
  EXPECT_EQ((*both.offered)->last_event, 5U);
  const auto adopted = both.adopt();
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_EQ(*adopted, 5U);
  both.publish("b", 1);
  both.receive();
  EXPECT_EQ(both.next->node->router().last_event(), both.old.node->router().last_event());
  for (Process* const process : {&both.old, both.next.get()}) {
    EXPECT_EQ(process->after(both.old, 0), "1 2 3 6 7 ");
    EXPECT_EQ(process->after(both.old, 2), "3 6 7 ");
    EXPECT_EQ(process->after(*both.next, 4, "b"), "5 8 ");
  }
}

TEST(HistoryHandover, AnEventThatTheNewProcessReceivesBeforeItHasTheHistoryWaits) {
  TwoProcesses both;
  both.receive();
  EXPECT_EQ(both.next->node->router().last_event(), 0U);
  EXPECT_TRUE(both.next->handover().is_waiting());
  ASSERT_TRUE(both.adopt());
  EXPECT_FALSE(both.next->handover().is_waiting());
  EXPECT_EQ(both.next->after(both.old, 5), "6 7 ");
}

// What the one has lost the other has numbered: the same number would be another event.
TEST(HistoryHandover, AfterAGapOfOneOfThemNoPositionOfTheOtherIsTakenForAnother) {
  for (const bool old_loses : {true, false}) {
    TwoProcesses both;
    both.receive();
    ASSERT_TRUE(both.adopt());
    Process& loses = old_loses ? both.old : *both.next;
    Process& keeps = old_loses ? *both.next : both.old;
    both.publish("a", 4);
    loses.bus->lose();
    keeps.bus->receive();
    both.publish("a", 6);
    both.receive();
    EXPECT_EQ(loses.after(keeps, keeps.node->router().last_event() - 5), "gap");
    EXPECT_EQ(keeps.after(loses, loses.node->router().last_event() - 5), "unknown_position");
    EXPECT_EQ(keeps.after(keeps, 12), "13 14 15 16 17 ") << "its own positions are as good as before";
    EXPECT_EQ(loses.after(keeps, 7), "gap");
  }
}

TEST(HistoryHandover, AfterAGapOfBothNoPositionOfTheOneIsTakenForOneOfTheOther) {
  TwoProcesses both;
  both.receive();
  ASSERT_TRUE(both.adopt());
  both.publish("a", 4);
  both.old.bus->receive();
  both.old.bus->lose();
  both.next->bus->lose();
  both.publish("a", 3);
  both.receive();
  EXPECT_EQ(both.next->after(both.old, both.old.node->router().last_event() - 1), "gap");
  EXPECT_EQ(both.old.after(*both.next, both.next->node->router().last_event() - 1), "unknown_position");
}

TEST(HistoryHandover, WithOtherChannelsNothingIsAdopted) {
  TwoProcesses both(std::string(kTwoChannels) + "[[endpoint]]\nprofile = \"orion\"\n");
  both.receive();
  const auto adopted = both.adopt();
  ASSERT_FALSE(adopted);
  EXPECT_THAT(adopted.error().message, HasSubstr("the channels of the endpoints"));
  EXPECT_EQ(both.next->after(both.old, 7), "gap");
  both.publish("a", 1);
  both.receive();
  EXPECT_EQ(both.next->after(*both.next, both.next->node->router().last_event() - 1),
            std::to_string(both.next->node->router().last_event()) + " ");
}

TEST(HistoryHandover, AnEndpointThatRetainsOtherChannelsHasNoEventsFromBefore) {
  TwoProcesses both(
      "[[endpoint]]\nprofile = \"service\"\nhistory = [{ channels = [\"a\"], events = 100, age = \"5m\" "
      "}]\n");
  both.receive();
  const auto adopted = both.adopt();
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_EQ(both.next->after(both.old, 3), "gap");
  EXPECT_EQ(both.next->after(both.old, 5), "6 7 ");
}

TEST(HistoryHandover, AGapBeforeTheHistoryHasComeMakesItWorthless) {
  TwoProcesses both;
  both.old.bus->receive();
  both.next->bus->lose();
  const auto adopted = both.adopt();
  ASSERT_FALSE(adopted);
  EXPECT_THAT(adopted.error().message, HasSubstr("the bus had a gap"));
  EXPECT_EQ(both.next->after(both.old, 5), "gap");
}

TEST(HistoryHandover, WithoutTheMarkerNothingIsAdopted) {
  TwoProcesses both;
  both.old.bus->receive();
  EXPECT_FALSE(both.next->handover().has_marker());
  const auto adopted = both.adopt();
  ASSERT_FALSE(adopted);
  EXPECT_THAT(adopted.error().message, HasSubstr("the marker did not come"));
  EXPECT_EQ(both.next->after(both.old, 5), "gap");
}

TEST(HistoryHandover, BytesThatAreNoHistoryLeaveAGap) {
  TwoProcesses both;
  both.receive();
  const std::string bytes = bytes_of(**both.offered);
  EXPECT_FALSE(both.next->handover().adopt(**both.offered, std::string_view(bytes).substr(0, 90)));
  EXPECT_EQ(both.next->after(both.old, 0), "gap");
  EXPECT_EQ(both.next->after(both.old, 5), "6 7 ") << "the numbers are right nevertheless";
}

TEST(HistoryHandover, AnOfferEndsWhenItsMarkerDoesNotComeBack) {
  TwoProcesses both;
  std::optional<Result<OfferedHistory>> second;
  both.old.handover().offer("aa", [&second](auto answer) { second = std::move(answer); });
  ASSERT_TRUE(second);
  EXPECT_THAT(second->error().message, HasSubstr("already"));
  both.old.advance(HistoryHandover::kMarkerPatience - milliseconds(1));
  EXPECT_FALSE(both.offered);
  both.old.advance(milliseconds(1));
  ASSERT_TRUE(both.offered);
  EXPECT_THAT(both.offered->error().message, HasSubstr("did not come back"));
  both.receive();
  EXPECT_EQ(both.old.node->router().last_event(), 7U);
}

TEST(HistoryHandover, AProcessWithoutAHistoryDoesNotWaitForOne) {
  Broker broker;
  Process old(broker, 1);
  Process next(broker, 2, old.handover().numbers(), "[[endpoint]]\nprofile = \"orion\"\n");
  EXPECT_FALSE(next.handover().is_waiting());
  next.bus->publish("orion.x", "1", {});
  next.bus->receive();
  EXPECT_EQ(next.node->router().last_event(), 1U) << "its gate is open";
}

TEST(HistoryHandover, WithoutAHistoryThereIsNothingToHandOver) {
  Broker broker;
  Process process(broker, 1, {}, "[[endpoint]]\nprofile = \"orion\"\n");
  EXPECT_FALSE(process.handover().numbers());
}

}  // namespace
}  // namespace carillon::gateway::testing

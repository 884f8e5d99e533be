// For tests of Audiences: a real engine with fake sockets, and an owner that records which clients to close.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fanout/testing/fake_host.h"
#include "gateway/audiences.h"
#include "gateway/testing/compiled.h"
#include "reactor/testing/fake_loop.h"
#include "transport/websocket.h"

namespace carillon::gateway::testing {

using Outcome = Audiences::Outcome;
using Payloads = std::vector<std::string>;

inline constexpr std::string_view kToEveryone = "[[endpoint]]\nprofile = \"orion\"\n";  // everyone
inline constexpr std::string_view kByCommand =
    "[[endpoint]]\nprofile = \"service\"\n";                                           // channels, by command
inline constexpr std::string_view kGrimnir = "[[endpoint]]\nprofile = \"grimnir\"\n";  // known types
inline constexpr std::string_view kWithoutEvents = "[[endpoint]]\nprofile = \"echo\"\n";  // no events
inline constexpr std::string_view kWithQuery =
    "[[endpoint]]\nprofile = \"fluxora\"\nselect.by = \"query:streamId\"\nselect.value = \"/streamId\"\n";

// Records what is to be closed, and ends the subscriptions of those clients as closing does.
class FakeOwner final : public AudienceHost {
 public:
  void on_answers(std::vector<ResumeAnswer> answers) override {
    for (const ResumeAnswer& each : answers) answered.emplace_back(each.ticket, each.outcome);
    appends_before = fan_out->counters().appends;
  }
  void close_recipients(const Endpoint& endpoint, CloseReason why) override {
    closed.emplace_back(endpoint.index, why);
    appends_before = fan_out->counters().appends;
    for (const auto& [client, of] : endpoint_of) {
      if (of == endpoint.index) fan_out->unsubscribe_all(client);
    }
  }

  fanout::FanOut* fan_out = nullptr;
  std::vector<std::pair<fanout::SubscriberId, std::uint16_t>> endpoint_of;
  std::vector<std::pair<std::uint16_t, CloseReason>> closed;
  std::vector<std::pair<std::uint64_t, ResumeOutcome>> answered;
  std::uint64_t appends_before = 0;  // events appended until the last call
};

struct AudiencesStage {
  using Change = void (*)(Endpoint&);

  explicit AudiencesStage(std::string_view toml, Change change)
      : AudiencesStage(toml, Audiences::Place::beside_the_router, change) {}
  explicit AudiencesStage(
      std::string_view toml, Audiences::Place place = Audiences::Place::beside_the_router,
      Change change = [](Endpoint&) {})
      : compiled(toml, change),
        fan_out(sockets, fanout::FanOutOptions{memory}, compiled.lag_rules(), nullptr),
        counters(compiled.endpoints.size()),
        wake(std::move(*reactor::WakeFd::create())),
        inbox_fd(wake.fd()),
        audiences({fan_out, loop, owner, counters, compiled.endpoints, compiled.settings.server},
                  SipKey{1, 2}, place, std::move(wake)) {
    owner.fan_out = &fan_out;
  }

  const Endpoint& endpoint(std::size_t index = 0) const { return compiled.endpoints[index]; }
  // A client of the endpoint that has selected nothing yet.
  fanout::SubscriberId join(std::size_t at = 0) {
    const auto client = static_cast<fanout::SubscriberId>(owner.endpoint_of.size());
    fan_out.add_subscriber(client, endpoint(at).group, fanout::Encoding::plain);
    owner.endpoint_of.emplace_back(client, endpoint(at).index);
    return client;
  }
  fanout::SubscriberId join_with(const Selection& selection, std::size_t at = 0) {
    const fanout::SubscriberId client = join(at);
    EXPECT_EQ(audiences.subscribe_selected(client, endpoint(at), selection), Outcome::subscribed);
    return client;
  }
  Outcome subscribe(fanout::SubscriberId client, std::string_view channel) {
    return audiences.subscribe_to_channel(client, endpoint(), channel);
  }

  // --- what the Router does ---
  void add(std::string_view text, Audience::Kind kind, std::string_view channel = {}, std::uint16_t at = 0,
           Tag tag = 0) {
    batch.events.push_back({at, kind, tag, static_cast<std::uint8_t>(channel.size()),
                            static_cast<std::uint32_t>(batch.names.size()), arena.make_shared(text)});
    batch.names += channel;
    batch.bytes += text.size();
  }
  void send(std::uint64_t number) {
    batch.number = number;
    audiences.take_batch(std::make_shared<Batch>(std::exchange(batch, {})));
  }
  void send_text(std::uint64_t number, std::string_view text) {
    add(text, Audience::Kind::everyone);
    send(number);
  }

  Payloads received(fanout::SubscriberId client) {
    fan_out.run_slice(loop.now());
    return sockets.at(client).payloads();
  }

  fanout::testing::FakeHost sockets;
  reactor::FakeLoop loop;
  FakeOwner owner;
  Compiled compiled;
  fanout::FrameMemory memory{std::uint64_t{1} << 30};
  fanout::FrameArena arena{memory, transport::websocket_encoder()};
  fanout::FanOut fan_out;
  ShardCounters counters;
  reactor::WakeFd wake;
  const int inbox_fd;
  Audiences audiences;
  Batch batch;
};

inline Selection everything() { return {0, {}, true}; }
inline Selection tags(TagMask mask) { return {mask, {}, false}; }
inline Selection values(std::vector<std::string> names) { return {0, std::move(names), false}; }

}  // namespace carillon::gateway::testing

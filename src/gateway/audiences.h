// Audiences: decides which clients of one shard receive which event. It takes the Router's batches and
// appends each event to the logs of its endpoint: the log of the clients that receive everything, those of
// the sets of tags that clients selected, or the log of one channel.
//
// Thread: the shard's, but for take_batch().
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/sip_hash.h"
#include "client/counters.h"
#include "config/settings.h"
#include "fanout/fan_out.h"
#include "fanout/selection_index.h"
#include "fanout/subscription_index.h"
#include "gateway/router.h"
#include "protocol/endpoint_table.h"
#include "protocol/selection.h"
#include "reactor/inbox.h"
#include "reactor/loop.h"

namespace carillon::gateway {

// What Audiences needs of the owner of the clients.
class AudienceHost {
 public:
  // Closes every open client of `endpoint` at once, because it would miss events. Called before the first
  // event after the lost ones is appended: none of these clients may receive it as if nothing were missing.
  virtual void close_recipients(const protocol::Endpoint& endpoint, client::CloseReason why) = 0;
  // Subscriptions that asked for missed events get them, and begin now: everything before has been appended.
  virtual void on_answers(std::vector<ResumeAnswer> answers) = 0;

 protected:
  ~AudienceHost() = default;
};

class Audiences final : private reactor::IoHandler {
 public:
  // The shard on the Router's loop gets batches by a direct call; the others through an inbox.
  enum class Place { beside_the_router, elsewhere };

  // What it works with. All of it outlives the Audiences.
  struct Parts {
    fanout::FanOut& fan_out;
    reactor::Loop& loop;
    AudienceHost& host;
    client::ShardCounters& counters;
    const protocol::EndpointTable& endpoints;
    const config::ServerSettings& server;
  };
  // `channels_key` is secret: it decides which channel names share a bucket, and clients choose the names.
  Audiences(const Parts& parts, const SipKey& channels_key, Place place, reactor::WakeFd wake);
  ~Audiences();
  Audiences(const Audiences&) = delete;
  Audiences& operator=(const Audiences&) = delete;

  // Appends the batch's events: at once where the Router is on this loop, otherwise when this loop reads its
  // inbox. A full inbox refuses the batch, and the clients that miss its events are closed once those before
  // it have been appended. Called by the Router, on its thread.
  void take_batch(SharedBatch batch);
  // The same for answers of the history. With a full inbox they are taken as well, without their events and
  // as `overloaded`.
  void take_answers(std::vector<ResumeAnswer> answers);
  // The number of the last event before the end of the last batch: a subscription that begins now receives
  // what comes after it.
  std::uint64_t last_event() const { return last_event_; }

  enum class Outcome : std::uint8_t { subscribed, client_has_too_many, shard_has_too_many };
  // Subscribes a new client to what its request selects. Never returns `client_has_too_many`, because
  // select() checked the limit. After `shard_has_too_many` the client has some of its subscriptions and must
  // be closed.
  [[nodiscard]] Outcome subscribe_selected(fanout::SubscriberId client, const protocol::Endpoint& endpoint,
                                           const protocol::Selection& selection);
  // Subscribes a client to one channel. Also returns `subscribed` when the client already was. A client may
  // have limits.channels channels.
  [[nodiscard]] Outcome subscribe_to_channel(fanout::SubscriberId client, const protocol::Endpoint& endpoint,
                                             std::string_view channel);
  bool is_subscribed(fanout::SubscriberId client, const protocol::Endpoint& endpoint,
                     std::string_view channel) const;
  // Does nothing when the client is not subscribed to the channel.
  void unsubscribe_from_channel(fanout::SubscriberId client, const protocol::Endpoint& endpoint,
                                std::string_view channel);

  // Frees the logs whose last subscriber has left, by a command or with its connection. Once a turn.
  void remove_deserted();

  // The endpoints have new settings: every channel gets the lag rule that it has now.
  void on_settings_replaced();

  // Writes the numbers of channels, selections and clients in mixed logs to the shard's counters.
  void publish_counters();

 private:
  // The logs of one endpoint.
  struct Logs {
    fanout::LogId everyone;
    fanout::SelectionIndex selections;
    fanout::SubscriptionIndex channels;
  };
  // The channel of one event of a batch, while it is being looked up.
  struct Lookup {
    const fanout::SubscriptionIndex* channels;
    std::uint64_t hash;
    std::uint32_t event;
  };

  // What comes through the inbox: one of the two.
  struct Delivery {
    SharedBatch batch;
    std::vector<ResumeAnswer> answers;
  };

  void on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) override;
  void apply(const Batch& batch);
  void expect_batch(std::uint64_t number);
  void close_recipients(const protocol::Endpoint& endpoint, client::CloseReason why);
  void look_up_channels(const Batch& batch);
  void append(const RoutedEvent& event, std::optional<fanout::LogId> channel);

  fanout::FanOut& fan_out_;
  reactor::Loop& loop_;
  AudienceHost& host_;
  client::ShardCounters& counters_;
  const protocol::EndpointTable& endpoints_;
  const Place place_;
  std::vector<Logs> logs_;  // by endpoint; the position is the owner of its logs in the engine
  reactor::Inbox<Delivery> inbox_;
  reactor::Loop::HandlerId inbox_handler_;
  std::uint64_t next_batch_ = 1;
  std::uint64_t last_event_ = 0;
  // The last batch that the inbox had no room for.
  struct {
    std::atomic<std::uint64_t> number{0};
    std::atomic<std::uint64_t> last_event{0};  // written after `number`: it may be that of an earlier one
  } refused_;
  std::vector<Delivery> taken_;                                  // scratch of on_io()
  std::vector<Lookup> lookups_;                                  // scratch of look_up_channels()
  std::vector<std::optional<fanout::LogId>> channels_of_batch_;  // its result, by event of the batch
};

}  // namespace carillon::gateway

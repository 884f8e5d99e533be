#include "gateway/audiences.h"

#include <sys/epoll.h>

#include <algorithm>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

#include "base/assert.h"
#include "gateway/bus_notices.h"

namespace carillon::gateway {

using namespace client;
using namespace protocol;

static_assert(protocol::kEndpointsMax - 1 <= std::numeric_limits<fanout::LogOwner>::max());

Audiences::Audiences(const Parts& parts, const SipKey& channels_key, Place place, reactor::WakeFd wake)
    : fan_out_(parts.fan_out),
      loop_(parts.loop),
      host_(parts.host),
      counters_(parts.counters),
      endpoints_(parts.endpoints),
      place_(place),
      inbox_(parts.server.inbox_batches_max, std::move(wake), parts.server.inbox_bytes_max),
      inbox_handler_(loop_.add_handler(*this)) {
  logs_.reserve(endpoints_.size());
  for (const Endpoint& endpoint : endpoints_) {
    const auto owner = static_cast<fanout::LogOwner>(logs_.size());
    logs_.push_back({fan_out_.add_log(fanout::kDefaultPolicy, fanout::FanOut::Lifetime::lasting, owner),
                     {fan_out_, fanout::kDefaultPolicy, endpoint.settings.select.sets_max, owner},
                     {fan_out_, endpoint.lag.channels, parts.server.channels_max, channels_key, owner}});
  }
  loop_.watch(inbox_.fd(), EPOLLIN, inbox_handler_, 0, 0);
}

Audiences::~Audiences() {
  loop_.unwatch(inbox_.fd());
  loop_.remove_handler(inbox_handler_);
}

// --- subscriptions ------------------------------------------------------------------------------

Audiences::Outcome Audiences::subscribe_selected(fanout::SubscriberId client, const Endpoint& endpoint,
                                                 const Selection& selection) {
  Logs& logs = logs_[endpoint.index];
  const bool selects = endpoint.settings.select.by_values();
  if (!selects || selection.everything) {
    fan_out_.subscribe(client, logs.everyone);
  } else {
    logs.selections.subscribe(client, selection.tags);
  }
  for (const std::string& value : selection.values) {
    using Indexed = fanout::SubscriptionIndex::Outcome;
    if (logs.channels.subscribe(client, value) == Indexed::too_many_channels) {
      return Outcome::shard_has_too_many;
    }
  }
  return Outcome::subscribed;
}

Audiences::Outcome Audiences::subscribe_to_channel(fanout::SubscriberId client, const Endpoint& endpoint,
                                                   std::string_view channel) {
  fanout::SubscriptionIndex& channels = logs_[endpoint.index].channels;
  // One of its subscriptions is to the log of everyone.
  if (!is_subscribed(client, endpoint, channel) &&
      fan_out_.subscriptions_of(client) > endpoint.settings.limits.channels) {
    return Outcome::client_has_too_many;
  }
  const auto indexed = channels.subscribe(client, channel);
  return indexed == fanout::SubscriptionIndex::Outcome::too_many_channels ? Outcome::shard_has_too_many
                                                                          : Outcome::subscribed;
}

bool Audiences::is_subscribed(fanout::SubscriberId client, const Endpoint& endpoint,
                              std::string_view channel) const {
  const auto log = logs_[endpoint.index].channels.find(channel);
  return log && fan_out_.is_subscribed(client, *log);
}

void Audiences::unsubscribe_from_channel(fanout::SubscriberId client, const Endpoint& endpoint,
                                         std::string_view channel) {
  logs_[endpoint.index].channels.unsubscribe(client, channel);
}

void Audiences::remove_deserted() {
  if (!fan_out_.has_deserted()) return;
  for (const fanout::LogId log : fan_out_.take_deserted()) {
    Logs& logs = logs_[fan_out_.owner_of(log)];
    if (!logs.selections.end(log)) logs.channels.end(log);
  }
}

void Audiences::on_settings_replaced() {
  for (const Endpoint& endpoint : endpoints_) {
    logs_[endpoint.index].channels.set_policies(endpoint.lag.channels);
  }
}

void Audiences::publish_counters() {
  std::uint64_t channels = 0;
  std::uint64_t selections = 0;
  std::uint64_t mixed = 0;
  for (const Logs& logs : logs_) {
    channels += logs.channels.size();
    selections += logs.selections.sets();
    mixed += logs.selections.in_mixed();
  }
  counters_.channels.set(channels);
  counters_.selections.set(selections);
  counters_.mixed.set(mixed);
}

// --- the Router's batches -----------------------------------------------------------------------

void Audiences::take_batch(SharedBatch batch) {
  if (place_ == Place::beside_the_router) {
    apply(*batch);
  } else {
    const std::uint64_t number = batch->number;
    const std::size_t bytes = batch->bytes;
    // The state of the bus must not be lost. It changes a few times a second at most, because the bus waits
    // between attempts to connect.
    if (batch->news) return inbox_.push_always({std::move(batch), {}});
    const std::uint64_t last_event = batch->last_event;
    if (inbox_.try_push({std::move(batch), {}}, bytes)) return;
    refused_.number.store(number, std::memory_order_release);
    refused_.last_event.store(last_event, std::memory_order_release);
    inbox_.wake();
  }
}

void Audiences::take_answers(std::vector<ResumeAnswer> answers) {
  if (place_ == Place::beside_the_router) {
    host_.on_answers(std::move(answers));
    return;
  }
  std::size_t events = 0;
  for (const ResumeAnswer& each : answers) events += each.events.size();
  // A push that is refused does not touch its item, but has taken it by value.
  std::vector<ResumeAnswer> refused;
  for (const ResumeAnswer& each : answers) {
    refused.push_back({each.client, each.ticket, ResumeOutcome::overloaded, each.number, {}});
  }
  if (inbox_.try_push({nullptr, std::move(answers)}, events * sizeof(Ref<const history::Record>))) return;
  inbox_.push_always({nullptr, std::move(refused)});  // bounded by the subscriptions that wait for one
}

// A refused batch may be the last for a long time, so its clients are not left until the next one comes. What
// came before it is sent first, in a turn of its own.
void Audiences::on_io(std::uint32_t, std::uint32_t, std::uint32_t) {
  // First: what came before the refused batch is taken. Its event is read before its number, and so belongs
  // to this batch or an earlier one.
  const std::uint64_t last_event = refused_.last_event.load(std::memory_order_acquire);
  const std::uint64_t refused = refused_.number.load(std::memory_order_acquire);
  inbox_.drain_into(taken_);
  bool has_batch = false;
  for (Delivery& each : taken_) {
    if (each.batch) apply(*each.batch);
    has_batch = has_batch || each.batch;
    if (!each.answers.empty()) host_.on_answers(std::move(each.answers));
  }
  if (!has_batch) expect_batch(refused + 1);
  // Clients that subscribe from now on begin after the events of that batch.
  if (refused < next_batch_) last_event_ = std::max(last_event_, last_event);
  if (refused >= next_batch_) inbox_.wake();
  taken_.clear();
}

void Audiences::apply(const Batch& batch) {
  CARILLON_ASSERT(batch.number >= next_batch_);  // the Router numbers them; a full inbox only leaves some out
  expect_batch(batch.number);
  next_batch_ = batch.number + 1;
  last_event_ = batch.last_event;
  for (const Gap& gap : batch.gaps) close_recipients(endpoints_[gap.endpoint], gap.why);
  if (batch.news) announce(batch, endpoints_, loop_, fan_out_);
  look_up_channels(batch);
  for (std::size_t i = 0; i < batch.events.size(); ++i) append(batch.events[i], channels_of_batch_[i]);
}

// Nothing is known of the lost events, not even their numbers, so the clients that would miss events are
// closed.
void Audiences::expect_batch(std::uint64_t number) {
  if (number <= next_batch_) return;
  counters_.missed_batches.add(number - next_batch_);
  next_batch_ = number;
  for (const Endpoint& endpoint : endpoints_) close_recipients(endpoint, CloseReason::overrun);
}

void Audiences::close_recipients(const Endpoint& endpoint, CloseReason why) {
  if (endpoint.receives_events()) host_.close_recipients(endpoint, why);
}

// Looks up the channels of the whole batch in lockstep, prefetching, so that their cache misses overlap: of
// 100,000 channels few are in the cache.
void Audiences::look_up_channels(const Batch& batch) {
  channels_of_batch_.assign(batch.events.size(), std::nullopt);
  lookups_.clear();
  for (std::uint32_t i = 0; i < batch.events.size(); ++i) {
    const RoutedEvent& event = batch.events[i];
    if (event.name_size == 0) continue;
    const fanout::SubscriptionIndex& channels = logs_[event.endpoint].channels;
    lookups_.push_back({&channels, channels.hash_of(batch.name_of(event)), i});
    channels.prefetch_bucket(lookups_.back().hash);
  }
  for (const Lookup& each : lookups_) each.channels->prefetch_log(each.hash);
  for (const Lookup& each : lookups_) each.channels->prefetch_name(each.hash);
  for (const Lookup& each : lookups_) {
    channels_of_batch_[each.event] = each.channels->find(batch.name_of(batch.events[each.event]), each.hash);
  }
}

void Audiences::append(const RoutedEvent& event, std::optional<fanout::LogId> channel) {
  Logs& logs = logs_[event.endpoint];
  const MonoTime now = loop_.now();
  switch (event.audience) {
    case Audience::Kind::everyone:
      fan_out_.append(logs.everyone, event.frame, now);
      return;
    case Audience::Kind::tagged:
      logs.selections.append(event.frame, event.tag, now);
      return;
    case Audience::Kind::everyone_and_channel:
      fan_out_.append(logs.everyone, event.frame, now);
      [[fallthrough]];
    case Audience::Kind::channel:
      if (channel) fan_out_.append(*channel, event.frame, now);
      return;
  }
}

}  // namespace carillon::gateway

// The Router's batches: which of an endpoint's clients hears which event, and what follows when some is lost.
#include <tuple>

#include "gateway/shard.h"

namespace carillon::gateway {

void Shard::make_audiences() {
  audiences_.reserve(shared_.endpoints.size());
  for (const Endpoint& endpoint : shared_.endpoints) {
    audiences_.push_back(
        {fan_out_.add_log(endpoint.policy()),
         {fan_out_, endpoint.policy(), endpoint.settings.select.sets_max},
         {fan_out_, endpoint.policy(), shared_.settings.server.channels_max, shared_.channels_key}});
  }
}

void Shard::subscribe_as_asked(Index index, const Selection& selection) {
  const Endpoint& endpoint = shared_.endpoints[connections_[index].endpoint];
  Audiences& audiences = audiences_[endpoint.index];
  const bool chooses = endpoint.settings.select.by == config::SelectBy::query;
  if (!chooses || selection.everything) {
    fan_out_.subscribe(index, audiences.everyone);
    return;
  }
  audiences.selections.subscribe(index, selection.tags);
  for (const std::string& value : selection.values) {
    using Outcome = fanout::SubscriptionIndex::Outcome;
    if (audiences.channels.subscribe(index, value) != Outcome::too_many_channels) continue;
    close_websocket(index, CloseReason::internal, 1013, "Too many channels", Gentle::now);
    return;
  }
}

// Their last subscriber has left, by command or with its connection.
void Shard::forget_deserted() {
  for (const fanout::LogId log : fan_out_.take_deserted()) {
    const fanout::PolicyId policy = fan_out_.policy_of(log);
    if (policy == 0) continue;  // taken away meanwhile
    Audiences& audiences = audiences_[policy - 1U];
    if (!audiences.selections.end(log)) audiences.channels.end(log);
  }
}

// --- the Router's batches -----------------------------------------------------------------------

void Shard::take_batch(SharedBatch batch) {
  if (place_ == Place::beside_the_router) {
    apply(*batch);
  } else {
    const std::size_t bytes = batch->bytes;
    std::ignore = inbox_.try_push(std::move(batch), bytes);  // a refusal shows as a hole in the numbers
  }
}

void Shard::on_inbox_readable() {
  inbox_.drain_into(taken_);
  for (const SharedBatch& batch : taken_) apply(*batch);
  taken_.clear();
}

void Shard::apply(const Batch& batch) {
  if (batch.number != next_batch_) on_hole();
  next_batch_ = batch.number + 1;
  for (const std::uint16_t endpoint : batch.gaps) {
    close_hearers(shared_.endpoints[endpoint], CloseReason::bus_gap);
  }
  look_up_channels(batch);
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    deliver(batch.events[i], channels_of_batch_[i]);
    counters_.endpoints[batch.events[i].endpoint].events.add();
  }
}

// Of the whole batch before anything is appended, and in step: of 100,000 channels few are in the cache, and
// so they are waited for together, not one after the other.
void Shard::look_up_channels(const Batch& batch) {
  channels_of_batch_.assign(batch.events.size(), std::nullopt);
  lookups_.clear();
  for (std::uint32_t i = 0; i < batch.events.size(); ++i) {
    const RoutedEvent& event = batch.events[i];
    if (event.name_size == 0) continue;
    const fanout::SubscriptionIndex& channels = audiences_[event.endpoint].channels;
    lookups_.push_back({&channels, channels.hash_of(batch.name_of(event)), i});
    channels.prefetch_bucket(lookups_.back().hash);
  }
  for (const Lookup& each : lookups_) each.channels->prefetch_log(each.hash);
  for (const Lookup& each : lookups_) each.channels->prefetch_name(each.hash);
  for (const Lookup& each : lookups_) {
    channels_of_batch_[each.event] = each.channels->find(batch.name_of(batch.events[each.event]), each.hash);
  }
}

void Shard::deliver(const RoutedEvent& event, std::optional<fanout::LogId> channel) {
  Audiences& audiences = audiences_[event.endpoint];
  const MonoTime now = loop_.now();
  switch (event.audience) {
    case Audience::Kind::everyone:
      fan_out_.append(audiences.everyone, event.frame, now);
      return;
    case Audience::Kind::tagged:
      audiences.selections.append(event.frame, event.tag, now);
      return;
    case Audience::Kind::everyone_and_channel:
      fan_out_.append(audiences.everyone, event.frame, now);
      [[fallthrough]];
    case Audience::Kind::channel:
      if (channel) fan_out_.append(*channel, event.frame, now);
      return;
  }
}

// Batches were lost on their way here. These endpoints have no frame to tell a gap with, so whoever
// would have a hole in its stream is closed, and knows.
void Shard::on_hole() {
  counters_.missed_batches.add();
  for (const Endpoint& endpoint : shared_.endpoints) close_hearers(endpoint, CloseReason::overrun);
}

void Shard::close_hearers(const Endpoint& endpoint, CloseReason why) {
  if (!endpoint.hears_events()) return;
  for (Index i = 0; i < connections_.slots(); ++i) {
    if (connections_[i].state != State::open || connections_[i].endpoint != endpoint.index) continue;
    // At once: after the hole nothing may follow as if there were none.
    close_websocket(i, why, 1013, "Events lost", Gentle::now);
  }
}

}  // namespace carillon::gateway

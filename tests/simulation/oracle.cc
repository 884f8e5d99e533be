#include "oracle.h"

#include <algorithm>
#include <numeric>

namespace carillon::simulation {
namespace {

using Problem = std::optional<std::string>;

// From the last byte of a client, or the end of a pause of its node, to the end of its connection: the
// timeout of the configuration, and what a pause and unread bytes may add to it.
constexpr auto kSilenceMax = seconds(30);
// From the first look at a full socket to its end: resume.timeout or lag.age_max, and lag.grace, and what the
// looks at them and a new frame may add.
constexpr auto kStuckMax = seconds(12);
// A client that is being closed for another reason may take so long for its last bytes. Nothing else waits
// for it.
constexpr auto kClosingMax = seconds(30);
// More than a budget for events that the blocks of the logs and a batch on its way may take.
constexpr std::uint64_t kMemorySlack = 6 * 1024 * 1024;

template <class Reason>
std::uint64_t sum(const client::ByReason<Reason>& counters) {
  return std::accumulate(counters.counters.begin(), counters.counters.end(), std::uint64_t{0},
                         [](std::uint64_t total, const client::Counter& each) { return total + each.get(); });
}

std::string node_text(const NodeSlot& slot) { return "node " + std::to_string(slot.view().number); }

Problem wrong_sockets(const Stage& stage, const NodeSlot& slot) {
  std::vector<std::uint64_t> open(slot.loops().size());
  for (const auto& [fd, socket] : stage.sockets.all()) {
    if (socket.node == slot.view().number && socket.accepted && socket.is_open())
      ++open[static_cast<std::size_t>(socket.shard)];
  }
  for (std::size_t i = 0; i < open.size(); ++i) {
    const std::uint64_t counted = slot.node().shard_counters(i).sockets.get();
    if (counted == open[i]) continue;
    return node_text(slot) + " counts " + std::to_string(counted) + " sockets on shard " + std::to_string(i) +
           ", and has " + std::to_string(open[i]);
  }
  return std::nullopt;
}

Problem wrong_counters(const NodeSlot& slot) {
  std::uint64_t connections = 0;
  for (std::size_t i = 0; i < slot.loops().size(); ++i) {
    for (const client::EndpointCounters& endpoint : slot.node().shard_counters(i).endpoints) {
      connections += endpoint.connections.get();
      if (endpoint.accepted.get() != endpoint.connections.get() + sum(endpoint.closes)) {
        return "connections that were accepted are neither open nor closed for a reason";
      }
    }
  }
  if (slot.node().admission().connections() != connections)
    return "the limit on connections counts others than there are";
  const std::uint64_t delivered = slot.node().bus_counters().events_in.load();
  if (slot.node().router().counters().events_in.get() != delivered) {
    return node_text(slot) + " counts other events than the bus has delivered";
  }
  return std::nullopt;
}

Problem too_much_memory(const NodeSlot& slot) {
  const auto& memory = slot.node().frame_memory();
  if (memory.bytes() <= memory.bytes_max() + kMemorySlack) return std::nullopt;
  return "events take " + std::to_string(memory.bytes()) + " bytes, and may take " +
         std::to_string(memory.bytes_max());
}

// Events are lost, and clients closed as slow at once, only when the budget for events is exhausted.
// Otherwise a client is slow after lag.grace at the earliest.
Problem closed_too_soon(const Stage& stage, const NodeSlot& slot) {
  constexpr auto kGrace = seconds(1);
  const NodeView& view = slot.view();
  if (view.had_burst || view.memory_was_short) return std::nullopt;
  std::uint64_t slow = 0;
  for (std::size_t i = 0; i < slot.loops().size(); ++i) {
    const client::ShardCounters& counters = slot.node().shard_counters(i);
    slow += counters.slow_by_bytes.get() + counters.slow_by_age.get() + counters.slow_by_memory.get();
    if (counters.overruns.get() > 0) return node_text(slot) + " has lost events, and there was no burst";
  }
  const bool may_be_slow =
      view.first_short_at != MonoTime::max() && stage.clock.now >= view.first_short_at + kGrace;
  if (slow == 0 || may_be_slow) return std::nullopt;
  return node_text(slot) + " has closed a client as slow before lag.grace has passed";
}

// In the delay of a drain every client stays, and new ones are admitted.
Problem left_before_its_delay(const Stage& stage, const NodeSlot& slot) {
  const NodeView& view = slot.view();
  if (stage.clock.now < view.closes_from) {
    for (std::size_t i = 0; i < slot.loops().size(); ++i) {
      const client::ShardCounters& counters = slot.node().shard_counters(i);
      std::uint64_t early = counters.all_refusals(client::RefusalReason::draining);
      for (const auto& endpoint : counters.endpoints)
        early += endpoint.closes[client::CloseReason::shutdown].get();
      if (early > 0) return node_text(slot) + " refuses or closes clients before its delay is over";
    }
  }
  if (view.draining && !slot.node().draining()) return node_text(slot) + " does not show that it drains";
  return std::nullopt;
}

// A client that sends nothing is not connected for ever. Grimnir does not close an open client for silence.
bool has_deadline(const SimulatedClient& client) {
  const VirtualSocket& socket = client.wire().socket();
  if (client.is_gone() || client.node().stopped || client.kind() == Kind::slow) return false;
  if (client.profile() == Profile::grimnir && socket.written > 0) return false;
  return socket.accepted && socket.is_open();
}

Problem missed_deadline(const Stage& stage) {
  for (const auto& client : stage.clients) {
    if (!has_deadline(*client)) continue;
    const NodeSlot& slot = *stage.slots[static_cast<std::size_t>(client->node().number)];
    const MonoTime last_sent = client->wire().last_sent();
    if (stage.clock.now <= std::max(last_sent, slot.paused_until()) + kSilenceMax) continue;
    const auto silent = std::chrono::duration_cast<seconds>(stage.clock.now - last_sent).count();
    return client->text() + " has been silent for " + std::to_string(silent) + " s and is still connected";
  }
  return std::nullopt;
}

bool may_be_closing(const Stage& stage, const SimulatedClient& client) {
  const NodeView& node = client.node();
  return stage.clock.now >= node.closes_from || node.may_lose || node.memory_was_short ||
         (node.ends_at_gap(client.profile()) && !node.feed->gaps().empty());
}

// What waits for a client that takes a byte now and then must not be kept.
Problem pins_memory(const Stage& stage) {
  for (const auto& client : stage.clients) {
    const auto since = client->drip().stuck_since();
    if (!since || client->is_gone() || client->node().stopped) continue;
    if (!client->wire().socket().is_open()) continue;
    const NodeSlot& slot = *stage.slots[static_cast<std::size_t>(client->node().number)];
    const auto most = kStuckMax + (may_be_closing(stage, *client) ? kClosingMax : seconds(0));
    if (stage.clock.now > std::max(*since, slot.paused_until()) + most) {
      return client->text() + " has hardly read for long and is still connected";
    }
  }
  return std::nullopt;
}

Problem wrong_history(const NodeSlot& slot) {
  const history::HistoryCounters& counters = slot.node().resume_desk().history_counters();
  const HistoryPlan& plan = slot.view().plan;
  if (counters.bytes.get() > plan.bytes_max) return node_text(slot) + " retains more bytes than it may";
  if (counters.channels.get() > plan.channels_max)
    return node_text(slot) + " retains more channels than it may";
  if (counters.out_of_order.get() > 0) return node_text(slot) + " numbers its events in another order";
  return std::nullopt;
}

}  // namespace

Problem what_is_still_retained(const NodeSlot& slot) {
  const history::HistoryCounters& counters = slot.node().resume_desk().history_counters();
  if (!slot.view().feed->history().is_expired()) return std::nullopt;
  if (counters.events.get() + counters.bytes.get() + counters.channels.get() == 0) return std::nullopt;
  return node_text(slot) + " retains " + std::to_string(counters.events.get()) +
         " events, and all are too old";
}

Problem what_is_wrong(const Stage& stage) {
  for (const auto& slot : stage.slots) {
    if (!slot->is_running()) continue;
    if (auto problem = wrong_sockets(stage, *slot)) return problem;
    if (auto problem = wrong_counters(*slot)) return problem;
    if (auto problem = too_much_memory(*slot)) return problem;
    if (auto problem = wrong_history(*slot)) return problem;
    if (auto problem = closed_too_soon(stage, *slot)) return problem;
    if (auto problem = left_before_its_delay(stage, *slot)) return problem;
  }
  if (auto problem = pins_memory(stage)) return problem;
  return missed_deadline(stage);
}

Problem what_is_missing(const Stage& stage) {
  for (const auto& client : stage.clients) {
    if (client->node().stopped || client->wire().has_vanished()) continue;
    if (auto missing = client->missing()) return missing;
  }
  return std::nullopt;
}

// A drain may end with clients that do not read, or when its node was paused in it.
Problem what_is_left(NodeSlot& slot) {
  gateway::Node& node = slot.node();
  if (!slot.has_stopped()) return node_text(slot) + ": its drain does not end";
  std::uint64_t sockets = 0;
  for (std::size_t i = 0; i < slot.loops().size(); ++i) sockets += node.shard_counters(i).sockets.get();
  if (node.admission().connections() != 0 && !slot.was_paused_in_drain()) {
    return node_text(slot) + ": its drain has left " + std::to_string(node.admission().connections()) +
           " connections";
  }
  if (sockets > 0 || node.admission().connections() > 0) return std::nullopt;
  for (std::size_t i = 0; i < slot.loops().size(); ++i) {
    const client::ShardCounters& counters = node.shard_counters(i);
    for (const auto* each : {&counters.retained_bytes, &counters.blocked, &counters.channels,
                             &counters.selections, &counters.mixed, &counters.http_connections}) {
      if (each->get() != 0)
        return node_text(slot) + ": all clients are gone, but something is still kept for them";
    }
  }
  return std::nullopt;
}

}  // namespace carillon::simulation

// Feed: the truth that the oracle compares with: which events each node's Router was given, in order, and
// under which numbers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "history_model.h"
#include "history_plan.h"

namespace carillon::simulation {

struct FeedEntry {
  std::uint64_t order = 0;   // of all entries of the node
  std::uint32_t serial = 0;  // of the publish; 0: not an event, but a gap of the bus
  std::uint64_t number = 0;  // as the Router counts, in positions
};

// Events that go to the same audience: all of an endpoint, one channel, or one type.
using FeedList = std::vector<FeedEntry>;

class Feed {
 public:
  // Both outlive it.
  Feed(const VirtualClock& clock, const HistoryPlan& plan) : clock_(clock), history_(clock, plan) {}

  enum class Body : std::uint8_t { json, not_json };
  // The next event of the bus. Those that no endpoint takes have a number, but are not in the feed.
  void add(std::string_view channel, std::string_view body, Body kind);
  void add_gap();
  // The node has lost its link to the broker. The gap that is added next ends this.
  void add_loss() { losses_.push_back(clock_.now); }
  // The Router has ended its batch: the shards are given all events so far.
  void end_batch() { batched_ = entries(); }

  // How many entries there have been: the order that the next one gets.
  std::uint64_t size() const { return entries(); }
  // How many of them are in batches that have ended, at least.
  std::uint64_t batched() const { return batched_; }
  // Of orion and fluxora: all events of the endpoint. Of grimnir: all, with their types in `type_of`. Of
  // service: those of a channel; "" is the broadcast.
  const FeedList& of_endpoint(Profile profile) const {
    return by_endpoint_[static_cast<std::size_t>(profile)];
  }
  const FeedList& of_channel(const std::string& channel) { return by_channel_[channel]; }
  const std::string& type_of(std::uint32_t serial) const { return types_.at(serial); }

  // --- numbers ---
  std::uint64_t last_number() const { return times_.size(); }
  // The last number before this time, or at it.
  std::uint64_t number_at(MonoTime time) const;
  // When the event after this one came; the time now where none has.
  MonoTime next_after(std::uint64_t number) const;
  // The order of the first entry with a higher number, and the number of the last entry with a lower order.
  std::uint64_t order_after(std::uint64_t number) const;
  std::uint64_t number_before(std::uint64_t order) const { return order == 0 ? 0 : numbers_[order - 1]; }

  // --- interruptions of the bus, by number from 0: each has a loss and, when it is over, a gap ---
  const FeedList& gaps() const { return gaps_; }
  const std::vector<MonoTime>& losses() const { return losses_; }
  // How many gaps have an order below `order`.
  std::size_t gaps_before(std::uint64_t order) const;

  const HistoryModel& history() const { return history_; }
  // Whether the clients of a profile that have received this event before have received the same text.
  bool is_same_text(Profile profile, std::uint64_t number, std::string_view text);

 private:
  std::uint64_t entries() const { return numbers_.size(); }
  std::uint64_t take_number();

  const VirtualClock& clock_;
  HistoryModel history_;
  std::vector<MonoTime> times_;         // of every number
  std::vector<std::uint64_t> numbers_;  // of every entry
  std::uint64_t batched_ = 0;
  FeedList gaps_;
  std::vector<MonoTime> losses_;
  FeedList by_endpoint_[kProfiles];
  std::map<std::string, FeedList> by_channel_;
  std::map<std::uint32_t, std::string> types_;            // of grimnir's events
  std::unordered_map<std::uint64_t, std::size_t> texts_;  // hashes, by profile and number
};

// The publish that an event's frame or body belongs to; 0 where it is none of ours.
std::uint32_t serial_in(std::string_view text);

// The text of the last member of this name; empty where it is null, or there is none.
std::string_view member_in(std::string_view text, std::string_view name);

}  // namespace carillon::simulation

#include "history/budget.h"

#include "base/assert.h"

namespace carillon::history {

Budget::Budget(const BudgetLimits& limits) : limits_(limits), by_age_(limits.channels_max) {
  CARILLON_ASSERT(limits.channels_max > 0);
}

void Budget::make_room_for_channel() {
  while (by_age_.size() >= limits_.channels_max) {
    Channel& idle = *by_idle_time_.most_idle();
    while (idle.owner->evict_oldest(idle, Eviction::channels)) continue;
  }
  by_age_.make_room();
}

void Budget::add_channel(Channel& channel) {
  by_age_.add(channel);
  by_idle_time_.add(channel);
  counters_.channels.add();
  counters_.events.add();
  counters_.bytes.add(channel.memory() + channel.records.bytes());
}

void Budget::add_record(Channel& channel, const Record& record) {
  by_idle_time_.on_event(channel);
  counters_.events.add();
  counters_.bytes.add(record.memory());
}

void Budget::remove_record(Channel& channel, const Record& record, Eviction why) {
  if (!channel.records.empty()) by_age_.on_oldest_evicted(channel);
  counters_.events.subtract();
  counters_.bytes.subtract(record.memory());
  counters_.evicted[static_cast<std::size_t>(why)].add();
}

void Budget::remove_channel(Channel& channel) {
  by_age_.remove(channel);
  by_idle_time_.remove(channel);
  counters_.channels.subtract();
  counters_.bytes.subtract(channel.memory());
}

void Budget::forget_channel(Channel& channel) {
  counters_.events.subtract(channel.records.size());
  counters_.bytes.subtract(channel.records.bytes());
  remove_channel(channel);
}

void Budget::enforce() {
  while (counters_.bytes.get() > limits_.bytes_max) {
    Channel* const oldest = by_age_.first();
    if (!oldest) return;
    oldest->owner->evict_oldest(*oldest, Eviction::budget);
  }
}

}  // namespace carillon::history

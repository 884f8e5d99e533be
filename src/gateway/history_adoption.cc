// The part of EventHistory that hands the history to another process, and takes it over from one.
#include <algorithm>
#include <utility>

#include "config/options.h"
#include "gateway/event_history.h"
#include "gateway/history_handover.h"

namespace carillon::gateway {
namespace {

// What decides which events an endpoint has, their channels and tags, and which channels it retains: as text,
// to be compared.
std::string source_of(const config::EndpointSettings& settings) {
  config::EndpointSettings copy = settings;
  std::string text;
  for (const config::Option& option : config::endpoint_options(copy)) {
    if (!option.key.starts_with("source.") && !option.key.starts_with("select.")) continue;
    text.append(option.key).append("=").append(option.show()).append("\n");
  }
  for (const config::HistoryRule& rule : settings.history) {
    text += "history";
    for (const std::string& channel : rule.channels) text.append(" ").append(channel);
    text += "\n";
  }
  return text;
}

}  // namespace

OfferedHistory EventHistory::offer() const {
  OfferedHistory offered;
  for (const protocol::Endpoint& endpoint : endpoints_) {
    const history::Store* const store = stores_[endpoint.index].get();
    if (!store) continue;
    offered.snapshots.push_back(store->snapshot());
    offered.stores.push_back(
        {endpoint.settings.name, source_of(endpoint.settings), offered.snapshots.back().gap_floor});
  }
  return offered;
}

// Null: this process has no store for it, or one that takes its events from elsewhere.
std::vector<history::Store*> EventHistory::stores_of(const OfferedHistory& offered) const {
  std::vector<history::Store*> found;
  for (const OfferedHistory::Store& each : offered.stores) {
    found.push_back(nullptr);
    for (const protocol::Endpoint& own : endpoints_) {
      const bool is_same = own.settings.name == each.endpoint && source_of(own.settings) == each.source;
      if (stores_[own.index] && is_same) found.back() = stores_[own.index].get();
    }
  }
  return found;
}

Result<std::uint64_t> EventHistory::adopt(const OfferedHistory& offered, std::string_view bytes) {
  const std::vector<history::Store*> taken = stores_of(offered);
  for (const auto& store : stores_) {
    if (store && std::find(taken.begin(), taken.end(), store.get()) == taken.end()) {
      store->raise_floor(offered.last_event);
    }
  }
  // Before the records, of which none is older.
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i]) taken[i]->raise_floor(offered.stores[i].gap_floor);
  }
  std::uint64_t events = 0;
  const auto read = history::SnapshotReader(bytes, taken.size())
                        .read(
                            [&](const auto& each) {
                              if (each.event.number > offered.last_event || !taken[each.store]) return;
                              const auto appended = taken[each.store]->append(each.channel, each.event);
                              if (appended == history::Store::Appended::appended) ++events;
                            },
                            [&](const auto& floor) {
                              history::Store* const store = taken[floor.store];
                              if (!store) return;
                              if (floor.channel) {
                                store->raise_channel_floor(*floor.channel, floor.number);
                              } else {
                                store->raise_folded_floor(floor.number);
                              }
                            });
  if (read) return events;
  note_gap(offered.last_event);
  return tl::unexpected(read.error());
}

}  // namespace carillon::gateway

#include "gateway/event_history.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace carillon::gateway {

using namespace protocol;
namespace {

// What one subscription may be sent of the past. A history has at most a million events
// (config/history_options.cc).
constexpr history::ReadingLimits kReadingLimits{1'000'000, std::numeric_limits<std::uint64_t>::max()};

std::vector<history::Rule> rules_of(const config::EndpointSettings& settings) {
  std::vector<history::Rule> rules;
  for (const config::HistoryRule& each : settings.history) {
    for (const std::string& text : each.channels) {
      auto pattern = ChannelPattern::parse(text);
      if (pattern) rules.push_back({std::move(*pattern), each.events, each.age, each.bytes});
    }
  }
  return rules;
}

ResumeOutcome outcome_of(history::NotRecovered why) {
  switch (why) {
    case history::NotRecovered::no_history:
      return ResumeOutcome::no_history;
    case history::NotRecovered::gap:
      return ResumeOutcome::gap;
    case history::NotRecovered::evicted:
    case history::NotRecovered::too_many:
      break;
  }
  return ResumeOutcome::evicted;
}

}  // namespace

std::string_view name_of(ResumeOutcome outcome) {
  switch (outcome) {
    case ResumeOutcome::recovered:
      return "recovered";
    case ResumeOutcome::unknown_position:
      return "unknown_position";
    case ResumeOutcome::no_history:
      return "no_history";
    case ResumeOutcome::evicted:
      return "evicted";
    case ResumeOutcome::gap:
      return "gap";
    case ResumeOutcome::overloaded:
    case ResumeOutcome::count:
      break;
  }
  return "overloaded";
}

EventHistory::EventHistory(const EndpointTable& endpoints, std::uint64_t epoch,
                           const history::BudgetLimits& limits, const SipKey& channels_key)
    : endpoints_(endpoints), epoch_(epoch), budget_(limits) {
  for (const Endpoint& endpoint : endpoints) {
    stores_.emplace_back();
    if (!endpoint.has_history() || !endpoint.is_primary()) continue;
    is_used_ = true;
    stores_.back() = std::make_unique<history::Store>(budget_, rules_of(endpoint.settings), channels_key);
  }
}

void EventHistory::keep(const Endpoint& endpoint, const Audience& audience, history::Event event) {
  history::Store* const store = stores_[endpoint.index].get();
  if (!store) return;
  const bool has_name =
      audience.kind == Audience::Kind::channel || audience.kind == Audience::Kind::everyone_and_channel;
  // An event for all clients of an endpoint with channels belongs to no channel.
  if (!has_name && endpoint.source.has_channels()) return;
  event.tag = audience.tag;
  store->append(has_name ? std::string_view(audience.name) : std::string_view(), event);
}

void EventHistory::lose(const Endpoint& endpoint, std::uint64_t number) {
  if (const auto& store = stores_[endpoint.primary()]) store->raise_floor(number);
}

void EventHistory::note_gap(std::uint64_t number) {
  for (const auto& store : stores_) {
    if (store) store->raise_floor(number);
  }
}

void EventHistory::expire(WallTime now) {
  for (const auto& store : stores_) {
    if (store) store->expire(now);
  }
}

const Endpoint* EventHistory::retaining(std::string_view channel, std::string_view endpoint) const {
  for (const Endpoint& each : endpoints_) {
    const history::Store* const store = stores_[each.index].get();
    if (!store || !each.source.has_channels() || !store->floor(channel)) continue;
    if (endpoint.empty() || each.settings.name == endpoint) return &each;
  }
  return nullptr;
}

bool EventHistory::is_ahead(const ResumeRequest& request, std::uint64_t last_number) const {
  const auto position = parse_position(request.position);
  return position && position->epoch == epoch_ && position->number > last_number;
}

ResumeAnswer EventHistory::answer(const ResumeRequest& request, std::uint64_t last_number,
                                  WallTime now) const {
  ResumeAnswer answer;
  answer.client = request.client;
  answer.ticket = request.ticket;
  answer.number = last_number;
  std::uint64_t after = 0;
  if (!request.position.empty()) {
    const auto position = parse_position(request.position);
    if (!position || position->epoch != epoch_ || position->number > last_number) {
      answer.outcome = ResumeOutcome::unknown_position;
      return answer;
    }
    after = position->number;
  }
  if (!request.channels.empty()) {
    read_channels(request, after, now, answer);
    if (request.page_bytes_max) cut_page(request, answer);
    return answer;
  }
  auto reading = read(request, {}, after, now);
  if (!reading) answer.outcome = outcome_of(reading.error());
  if (reading) answer.events = std::move(*reading);
  return answer;
}

// Keeps the beginning of the events after a position, so that the next page goes on from its end; the end of
// the last events.
void EventHistory::cut_page(const ResumeRequest& request, ResumeAnswer& answer) {
  history::Records& events = answer.events;
  const bool keeps_first = !request.position.empty();
  std::size_t kept = 0;
  std::size_t bytes = 0;
  while (kept < events.size() && kept < request.last) {
    const auto& next = events[keeps_first ? kept : events.size() - 1 - kept];
    bytes += next->payload().size();
    if (kept > 0 && bytes > *request.page_bytes_max) break;
    ++kept;
  }
  if (kept == events.size()) return;
  answer.leaves_out = true;
  const auto cut = static_cast<std::ptrdiff_t>(keeps_first ? kept : events.size() - kept);
  if (keeps_first) {
    events.erase(events.begin() + cut, events.end());
  } else {
    events.erase(events.begin(), events.begin() + cut);
  }
}

// A channel that cannot be recovered does not keep the others from it.
void EventHistory::read_channels(const ResumeRequest& request, std::uint64_t after, WallTime now,
                                 ResumeAnswer& answer) const {
  std::vector<history::Reading> readings;
  for (const std::string& channel : request.channels) {
    readings.push_back(read(request, channel, after, now));
    answer.channels.push_back(readings.back() ? ResumeOutcome::recovered
                                              : outcome_of(readings.back().error()));
    if (answer.outcome == ResumeOutcome::recovered) answer.outcome = answer.channels.back();
  }
  std::erase_if(readings, [](const history::Reading& each) { return !each.has_value(); });
  auto merged = history::merge(std::move(readings), kReadingLimits);
  if (merged) {
    answer.events = std::move(*merged);
  } else {
    answer.channels.clear();
    answer.outcome = outcome_of(merged.error());
  }
}

history::Reading EventHistory::read(const ResumeRequest& request, std::string_view channel,
                                    std::uint64_t after, WallTime now) const {
  const history::Store* const store = stores_[request.endpoint].get();
  if (!store) return tl::unexpected(history::NotRecovered::no_history);
  // One more tells whether a page leaves out others.
  const std::size_t count = request.last + (request.page_bytes_max ? 1U : 0U);
  if (request.position.empty()) return store->last(channel, count, request.tags, now);
  return store->after(channel, {after, request.tags, kReadingLimits}, now);
}

}  // namespace carillon::gateway

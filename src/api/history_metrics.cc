// Metrics of the events that are retained, and of the clients that ask for them.
#include <array>
#include <string>
#include <utility>

#include "api/metric_families.h"

namespace carillon::api {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::array kEvictionNames{
    std::pair{history::Eviction::count, "events"},      std::pair{history::Eviction::age, "age"},
    std::pair{history::Eviction::bytes, "bytes"},       std::pair{history::Eviction::budget, "budget"},
    std::pair{history::Eviction::channels, "channels"}, std::pair{history::Eviction::memory, "memory"}};
static_assert(kEvictionNames.size() == history::kEvictions);

void add_retained(Page& page) {
  const history::HistoryCounters& history = page.node().resume_desk().history_counters();
  page.gauge("carillon_history_events", "Events retained for clients that resume",
             static_cast<double>(history.events.get()));
  page.gauge("carillon_history_channels", "Channels with retained events",
             static_cast<double>(history.channels.get()));
  page.gauge("carillon_history_bytes", "Memory of the retained events",
             static_cast<double>(history.bytes.get()));
  page.gauge("carillon_history_bytes_limit",
             "Memory that retained events may occupy (server.history_bytes_max)",
             static_cast<double>(page.node().resume_desk().history_limits().bytes_max));
  MetricFamily& evicted = page.family("carillon_history_evicted_events_total",
                                      "Events that are not retained any more, by the limit that evicted them",
                                      MetricType::Counter);
  for (const auto& [why, name] : kEvictionNames) {
    Page::add(evicted, static_cast<double>(history.evicted_by(why).get()), {{"reason", name}});
  }
}

void add_resumes(Page& page) {
  const gateway::ResumeCounters& resumes = page.node().resume_desk().counters();
  MetricFamily& outcomes = page.family(
      "carillon_resumes_total",
      "Subscriptions that asked for missed events, by outcome: \"recovered\", or why some are missing",
      MetricType::Counter);
  for (std::size_t i = 0; i < static_cast<std::size_t>(gateway::ResumeOutcome::count); ++i) {
    const auto outcome = static_cast<gateway::ResumeOutcome>(i);
    if (outcome == gateway::ResumeOutcome::overloaded) continue;  // counted by the shards
    Page::add(outcomes, static_cast<double>(resumes.outcomes[outcome].get()),
              {{"outcome", std::string(name_of(outcome))}});
  }
  Page::add(outcomes, static_cast<double>(page.sum(&client::ShardCounters::resumes_overloaded)),
            {{"outcome", "overloaded"}});
  page.counter("carillon_resumed_events_total", "Events given to subscriptions that asked for missed events",
               resumes.events.get());
}

void add_pages(Page& page) {
  MetricFamily& outcomes = page.family(
      "carillon_history_replies_total",
      "History commands of clients, by outcome: \"recovered\", or why their events are not complete",
      MetricType::Counter);
  for (std::size_t i = 0; i < static_cast<std::size_t>(gateway::ResumeOutcome::count); ++i) {
    const auto outcome = static_cast<gateway::ResumeOutcome>(i);
    if (outcome == gateway::ResumeOutcome::overloaded) continue;  // counted by the shards
    Page::add(outcomes, static_cast<double>(page.node().resume_desk().counters().pages[outcome].get()),
              {{"outcome", std::string(name_of(outcome))}});
  }
  Page::add(outcomes, static_cast<double>(page.sum(&client::ShardCounters::histories_overloaded)),
            {{"outcome", "overloaded"}});
}

}  // namespace

void add_history_metrics(Page& page) {
  add_retained(page);
  add_resumes(page);
  add_pages(page);
}

}  // namespace carillon::api

#include "gateway/router.h"

#include <array>

#include "config/frame_variables.h"
#include "json/validate.h"

namespace carillon::gateway {

Router::Router(const std::vector<Endpoint>& endpoints, reactor::Loop& loop, Log& log)
    : endpoints_(endpoints), loop_(loop), log_(log) {}

void Router::on_event(std::string_view channel, std::string_view body) {
  counters_.events_in.add();
  bool wanted = false;
  for (const Endpoint& endpoint : endpoints_) {
    if (!endpoint.hears_events()) continue;
    const auto star = endpoint.match(channel);
    if (!star) continue;
    if (!wanted) {
      if (const json::Validation judged = json::validate(body); !judged) {
        counters_.dropped_invalid_json.add();
        complain_of_body(channel, json::describe(judged.fault));
        return;
      }
      wanted = true;
    }
    route(endpoint, channel, *star, body);
  }
  if (!wanted) counters_.dropped_no_endpoint.add();
}

void Router::route(const Endpoint& endpoint, std::string_view channel, std::string_view star,
                   std::string_view body) {
  if (const WallTime now = loop_.wall_now(); now != rendered_for_) {
    rendered_for_ = now;
    time_s_ = rfc3339_seconds(now);
    time_ms_ = rfc3339_milliseconds(now);
  }
  using json::TemplateValue;
  // In the order of config::EventVariable.
  const std::array<TemplateValue, config::kEventVariableCount> values{
      TemplateValue::string(channel), TemplateValue::string(star), TemplateValue::raw(body),
      TemplateValue::string(time_s_), TemplateValue::string(time_ms_)};
  payload_.clear();
  endpoint.event_frame->render(values, payload_);
  if (!batch_) batch_ = std::make_shared<Batch>();
  batch_->events.push_back({endpoint.index, arena_.make_shared(payload_)});
  counters_.events_routed.add();
  if (batch_->events.size() == kBatchEventsMax) on_batch_end();
}

void Router::on_batch_end() {
  if (!batch_) return;
  batch_->number = next_batch_++;
  counters_.batches.add();
  const SharedBatch batch = std::exchange(batch_, nullptr);
  for (BatchTaker* taker : takers_) taker->take_batch(batch);
}

void Router::on_gap() {
  counters_.bus_gaps.add();
  log_.warning("bus gap: events may have been lost while it was away");
}

void Router::on_status(const bus::BusStatus& status) {
  bus_up_.store(status.state == bus::BusState::up, std::memory_order_relaxed);
  const std::lock_guard lock(status_mutex_);
  status_ = status;
}

bus::BusStatus Router::bus_status() const {
  const std::lock_guard lock(status_mutex_);
  return status_;
}

// A publisher gone wrong can send thousands a second: one line a second says it, the counter has all.
void Router::complain_of_body(std::string_view channel, std::string_view why) {
  if (complained_at_ != MonoTime{} && loop_.now() - complained_at_ < seconds(1)) return;
  complained_at_ = loop_.now();
  log_.warning("event dropped: its body is not JSON", {{"channel", channel}, {"why", why}});
}

}  // namespace carillon::gateway

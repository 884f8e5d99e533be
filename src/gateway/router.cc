#include "gateway/router.h"

#include <array>

#include "base/utf8.h"
#include "config/frame_variables.h"
#include "event/channel_name.h"
#include "json/validate.h"
#include "json/writer.h"

namespace carillon::gateway {

// An event's body as the endpoints see it: judged once, and quoted once where one wants that.
class Router::Body {
 public:
  explicit Body(std::string_view text) : text_(text) {}

  // Null where it is not JSON, and cannot be made so.
  json::Outline* for_endpoint(const Endpoint& endpoint) {
    if (!judged_) judged_ = json::validate(text_);
    if (!*judged_) {
      if (endpoint.settings.source.not_json == config::BadBody::drop || !is_valid_utf8(text_)) return nullptr;
      if (quoted_.empty()) json::append_string(quoted_, text_);
    }
    if (!outline_) outline_.emplace(*judged_ ? text_ : quoted_);
    return &*outline_;
  }
  json::Validation judgement() const { return *judged_; }

 private:
  std::string_view text_;
  std::optional<json::Validation> judged_;
  std::string quoted_;
  std::optional<json::Outline> outline_;
};

Router::Router(const std::vector<Endpoint>& endpoints, channel::FrameMemory& memory, reactor::Loop& loop,
               Log& log)
    : endpoints_(endpoints),
      loop_(loop),
      log_(log),
      arenas_(endpoints.size(), channel::FrameArena(memory)),
      status_{bus::BusState::connecting, loop.wall_now(), loop.now(), {}} {}

void Router::on_event(std::string_view channel, std::string_view body_text) {
  counters_.events_in.add();
  if (is_reserved_channel(channel)) {
    counters_.dropped_reserved.add();
    log_dropped("reserved", channel, "channels under carillon. carry no events");
    return;
  }
  Body body(body_text);
  bool wanted = false;
  bool refused = false;
  for (const Endpoint& endpoint : endpoints_) {
    if (!endpoint.hears_events()) continue;
    const auto match = endpoint.source.match(channel);
    if (!match) continue;
    wanted = true;
    if (json::Outline* const valid = body.for_endpoint(endpoint)) {
      route(endpoint, channel, *match, *valid);
    } else {
      refused = true;
    }
  }
  if (!wanted) {
    counters_.dropped_no_endpoint.add();
    log_dropped("no_endpoint", channel, "no endpoint carries this channel");
  }
  if (!refused) return;
  counters_.dropped_invalid_json.add();
  log_dropped("invalid_json", channel, json::describe(body.judgement().fault));
}

void Router::route(const Endpoint& endpoint, std::string_view channel, const Source::Match& match,
                   json::Outline& body) {
  const auto audience = endpoint.source.judge(match, body);
  if (!audience) {
    const bool unfit = audience.error() == NotTaken::unfit;
    (unfit ? counters_.dropped_unfit : counters_.dropped_unselected).add();
    if (unfit) {
      log_dropped("unfit", channel, "the body fails source.require");
    } else {
      log_dropped("unselected", channel, "no client can select it");
    }
    return;
  }
  render(endpoint, channel, match.star, body);
  add_to_batch(endpoint, *audience);
}

void Router::render(const Endpoint& endpoint, std::string_view channel, std::string_view star,
                    json::Outline& body) {
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
}

void Router::add_to_batch(const Endpoint& endpoint, const Audience& audience) {
  if (!batch_) batch_ = std::make_shared<Batch>();
  batch_->events.push_back(
      {endpoint.index, audience.kind, audience.tag, static_cast<std::uint8_t>(audience.name.size()),
       static_cast<std::uint32_t>(batch_->names.size()), arenas_[endpoint.index].make_shared(payload_)});
  batch_->names += audience.name;
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
  on_batch_end();
  batch_ = std::make_shared<Batch>();
  for (const Endpoint& endpoint : endpoints_) {
    if (endpoint.settings.source.on_gap == config::OnGap::close) batch_->gaps.push_back(endpoint.index);
  }
  if (batch_->gaps.empty()) batch_.reset();
  on_batch_end();
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

// A broken publisher can send thousands a second, so the lines are sampled; the counters have all of them.
void Router::log_dropped(std::string_view reason, std::string_view channel, std::string_view why) {
  const auto suppressed = dropped_lines_.admit(reason, loop_.now());
  if (!suppressed) {
    counters_.lines_suppressed.add();
    return;
  }
  log_.warning("event dropped", {{"reason", reason},
                                 {"channel", channel},
                                 {"why", why},
                                 {"suppressed", static_cast<std::int64_t>(*suppressed)}});
}

}  // namespace carillon::gateway

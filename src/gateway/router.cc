#include "gateway/router.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/soft_allocation.h"
#include "base/utf8.h"
#include "config/frame_variables.h"
#include "event/channel_name.h"
#include "json/validate.h"
#include "json/writer.h"

namespace carillon::gateway {

using namespace client;
using namespace protocol;
namespace {

constexpr std::size_t kScratchBytesMax = 1024 * 1024;

}  // namespace

// An event's body as the endpoints see it: validated once, and quoted once if an endpoint needs it.
class Router::Body {
 public:
  enum class Fault { not_json, too_large, no_memory };

  Body(std::string_view text, std::size_t quoted_bytes_max)
      : text_(text), quoted_bytes_max_(quoted_bytes_max) {}

  // Fails where it is not JSON and cannot be made so.
  Result<json::Outline*, Fault> for_endpoint(const Endpoint& endpoint) {
    if (!judged_) judged_ = json::validate(text_);
    if (!*judged_) {
      if (endpoint.settings.source.not_json == config::BadBody::drop || !is_valid_utf8(text_)) {
        return tl::unexpected(Fault::not_json);
      }
      if (const auto fault = quote()) return tl::unexpected(*fault);
    }
    if (!outline_) outline_.emplace(*judged_ ? text_ : quoted_);
    return &*outline_;
  }
  json::Validation judgement() const { return *judged_; }

 private:
  std::optional<Fault> quote() {
    if (!quoted_.empty()) return std::nullopt;
    // A control character becomes six bytes, as in \u0001.
    if (text_.size() > quoted_bytes_max_ / 6 && quoted_bytes(text_) > quoted_bytes_max_) {
      return Fault::too_large;
    }
    if (try_allocate(text_.size(), [&] { json::append_string(quoted_, text_); })) return std::nullopt;
    quoted_.clear();
    return Fault::no_memory;
  }

  // At least as many as append_string() makes of valid UTF-8.
  static std::uint64_t quoted_bytes(std::string_view text) {
    std::uint64_t bytes = 2;
    for (const char each : text) {
      const auto byte = static_cast<unsigned char>(each);
      bytes += byte < 0x20 || byte == 0x7f ? 6 : byte == '"' || byte == '\\' ? 2 : 1;
    }
    return bytes;
  }

  std::string_view text_;
  const std::size_t quoted_bytes_max_;
  std::optional<json::Validation> judged_;
  std::string quoted_;
  std::optional<json::Outline> outline_;
};

Router::Router(const EndpointTable& endpoints, const Admission& admission, fanout::FrameMemory& memory,
               EventHistory& history, reactor::Loop& loop, Log& log)
    : endpoints_(endpoints),
      admission_(admission),
      history_(history),
      loop_(loop),
      log_(log),
      counters_(endpoints.size()),
      bus_status_({bus::BusState::connecting, loop.wall_now(), loop.now(), {}}) {
  for (const Endpoint& endpoint : endpoints) arenas_.emplace_back(memory, endpoint.format().encoder());
  scratch_.lost_by.reserve(endpoints.size());
}

void Router::on_event(const Event& event) {
  const std::string_view channel = event.channel;
  counters_.events_in.add();
  if (is_reserved_channel(channel)) {
    counters_.dropped_reserved.add();
    log_dropped("reserved_channel", channel, "channels under carillon. are reserved and carry no events");
    return;
  }
  ++last_.event;
  scratch_.position.clear();
  Body body(event.body, frame_bytes_max_);
  bool wanted = false;
  bool refused = false;
  for (const Endpoint& endpoint : endpoints_) {
    if (!endpoint.is_primary() || !endpoint.receives_events()) continue;
    const auto match = endpoint.source.match(channel);
    if (!match) continue;
    wanted = true;
    if (const auto valid = body.for_endpoint(endpoint)) {
      route(endpoint, channel, *match, **valid);
    } else if (valid.error() == Body::Fault::not_json) {
      refused = true;
    } else {
      drop(endpoint, channel, valid.error() == Body::Fault::too_large ? Drop::too_large : Drop::no_memory);
    }
  }
  end_event();
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
    auto& counters = counters_.endpoints[endpoint.index];
    (unfit ? counters.dropped_unfit : counters.dropped_unselected).add();
    if (unfit) {
      log_dropped("requirement_failed", channel, "the body fails source.require");
    } else {
      log_dropped("not_selectable", channel, "its value is not one that a client can select");
    }
    return;
  }
  // With a history every event has its frame for each transport: a client that is just being admitted is told
  // the position from which on it receives everything.
  const auto is_wanted = [&](std::uint16_t number) {
    return endpoint.has_history() || admission_.has_recipients(endpoints_[number]);
  };
  const auto& further = endpoint.transport.further;
  if (!is_wanted(endpoint.index) && std::none_of(further.begin(), further.end(), is_wanted)) return;
  // A frame is as large as the publisher likes, and a template may hold the body several times.
  bool fits = true;
  const bool had_memory =
      try_allocate(body.text().size(), [&] { fits = render(endpoint, channel, match.star, body); });
  if (!had_memory || !fits) {
    drop(endpoint, channel, had_memory ? Drop::too_large : Drop::no_memory);
    return;
  }
  // Not in scratch_.payload, which drop() empties.
  std::string payload = std::exchange(scratch_.payload, {});
  history_.keep(endpoint, *audience,
                {.number = last_.event, .received = loop_.wall_now(), .frame = payload, .body = body.text()});
  bool sent = is_wanted(endpoint.index) && send(endpoint, channel, *audience, payload);
  for (const std::uint16_t number : further) {
    if (is_wanted(number)) sent |= send(endpoints_[number], channel, *audience, payload);
  }
  if (sent) counters_.endpoints[endpoint.index].routed.add();
  if (scratch_.payload.capacity() < payload.capacity()) scratch_.payload = std::move(payload);
}

// Makes the frame for the clients of one transport. Returns false when the event was dropped.
bool Router::send(const Endpoint& endpoint, std::string_view channel, const Audience& audience,
                  std::string_view payload) {
  fanout::EventStamp stamp{loop_.now(), last_.event};
  if (endpoint.has_history()) stamp.position = scratch_.position;
  // A record of SSE has up to seven bytes for each line break.
  const bool may_grow = endpoint.is_stream() && payload.size() > frame_bytes_max_ / 8;
  if (may_grow && endpoint.format().encoder().size_of({payload, stamp.position}) > frame_bytes_max_) {
    drop(endpoint, channel, Drop::too_large);
    return false;
  }
  Ref<const fanout::Frame> frame;
  const auto make = [&] { frame = arenas_[endpoint.index].make_shared(payload, stamp); };
  if (!try_allocate(payload.size(), make)) {
    drop(endpoint, channel, Drop::no_memory);
    return false;
  }
  add_to_batch(endpoint, audience, std::move(frame));
  return true;
}

// Without memory for its frame an event is lost in this process alone, so its clients are closed. An event
// that no frame can hold is lost for every client of every node: they stay.
void Router::drop(const Endpoint& endpoint, std::string_view channel, Drop why) {
  std::string().swap(scratch_.payload);
  if (why == Drop::too_large) {
    counters_.dropped_too_large.add();
    log_dropped("frame_too_large", channel, "its frame would be longer than 2 GiB");
    return;
  }
  counters_.dropped_no_memory.add();
  history_.lose(endpoint, last_.event);
  log_dropped("no_memory", channel, "there is not enough memory for its frame");
  scratch_.lost_by.push_back(endpoint.index);
}

// A batch ends between two events: its last number is a position, and every frame of an event with that
// number must have been sent by then.
void Router::end_event() {
  const bool is_full =
      batch_ && (batch_->events.size() >= kBatchEventsMax || batch_->bytes >= kBatchBytesMax);
  if (is_full || !scratch_.lost_by.empty()) on_batch_end();
  if (scratch_.lost_by.empty()) return;
  batch_ = std::make_shared<Batch>();
  for (const std::uint16_t endpoint : scratch_.lost_by) {
    batch_->gaps.push_back({endpoint, CloseReason::overrun});
  }
  scratch_.lost_by.clear();
  on_batch_end();
}

// False where the frame would be larger than a log can hold.
bool Router::render(const Endpoint& endpoint, std::string_view channel, std::string_view star,
                    json::Outline& body) {
  if (const WallTime now = loop_.wall_now(); now != relayed_at_.time()) relayed_at_ = TimeValues(now);
  const bool uses_position = endpoint.event_frame->uses(config::kPositionOfEvent) ||
                             (endpoint.has_history() && endpoint.settings.streams.has_streams());
  if (uses_position && scratch_.position.empty()) {
    append_text({history_.epoch(), last_.event}, scratch_.position);
  }
  using json::TemplateValue;
  // In the order of config::kEventVariables.
  const auto values =
      relayed_at_.after(std::array{TemplateValue::string(channel), TemplateValue::string(star),
                                   TemplateValue::raw(body), TemplateValue::string(scratch_.position)});
  scratch_.payload.clear();
  return endpoint.event_frame->render_within(frame_bytes_max_, values, scratch_.payload);
}

void Router::add_to_batch(const Endpoint& endpoint, const Audience& audience,
                          Ref<const fanout::Frame> frame) {
  if (!batch_) batch_ = std::make_shared<Batch>();
  batch_->bytes += frame->plain().size();
  batch_->events.push_back({endpoint.index, audience.kind, audience.tag,
                            static_cast<std::uint8_t>(audience.name.size()),
                            static_cast<std::uint32_t>(batch_->names.size()), std::move(frame)});
  batch_->names += audience.name;
}

void Router::on_batch_end() {
  // The memory of the largest event is given back.
  if (scratch_.payload.capacity() > kScratchBytesMax) std::string().swap(scratch_.payload);
  if (!batch_) return;
  batch_->number = ++last_.batch;
  batch_->last_event = last_.event;
  counters_.batches.add();
  const SharedBatch batch = std::exchange(batch_, nullptr);
  for (BatchTaker* taker : takers_) taker->take_batch(batch);
}

// The shards learn it from a batch without events.
void Router::begin_after(std::uint64_t number) {
  last_.event = number;
  batch_ = std::make_shared<Batch>();
  on_batch_end();
}

void Router::on_gap() {
  counters_.bus_gaps.add();
  log_.warning("bus gap: events may have been lost while the bus was disconnected");
  on_batch_end();
  BusNews news{BusNews::What::gap};
  if (last_.event > 0) append_text({history_.epoch(), last_.event}, news.before);
  last_.event += std::exchange(last_.gap_step, 1);
  history_.note_gap(last_.event);
  std::vector<Gap> closes;
  for (const Endpoint& endpoint : endpoints_) {
    if (!endpoint.receives_events()) continue;
    const config::OnGap what = endpoint.on_gap();
    if (what == config::OnGap::close) closes.push_back({endpoint.index, CloseReason::bus_gap});
    if (what == config::OnGap::report) news.reported.push_back(endpoint.index);
  }
  if (!closes.empty() || !news.reported.empty()) send_news(std::move(news), std::move(closes));
}

void Router::on_status(const bus::BusStatus& status) {
  const bool was_down = bus_status_.get().state == bus::BusState::down;
  bus_status_.set(status);
  const bool is_down = status.state == bus::BusState::down;
  if (is_down == was_down) return;
  on_batch_end();
  send_news({is_down ? BusNews::What::lost : BusNews::What::back}, {});
}

// In a batch without events, behind those that have been sent.
void Router::send_news(BusNews news, std::vector<Gap> gaps) {
  batch_ = std::make_shared<Batch>();
  batch_->news = std::move(news);
  batch_->gaps = std::move(gaps);
  on_batch_end();
}

// A broken publisher can send thousands a second, so the lines are sampled; the counters have all of them.
void Router::log_dropped(std::string_view reason, std::string_view channel, std::string_view detail) {
  const auto suppressed = dropped_lines_.admit(reason, loop_.now());
  if (!suppressed) {
    counters_.lines_suppressed.add();
    return;
  }
  log_.warning("event dropped", {{"reason", reason},
                                 {"channel", channel},
                                 {"detail", detail},
                                 {"suppressed", static_cast<std::int64_t>(*suppressed)}});
}

}  // namespace carillon::gateway

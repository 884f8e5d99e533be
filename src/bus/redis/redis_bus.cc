#include "bus/redis/redis_bus.h"

#include "bus/counting.h"

namespace carillon::bus {
namespace {

constexpr seconds kRefusedPublishLogEvery{1};

AskIdentity ask_identity(const BusOptions& options) {
  const bool wanted = options.address_check_interval || options.role == BrokerRole::master;
  return wanted ? AskIdentity::yes : AskIdentity::no;
}

BackoffLimits limits_of(const BusOptions& options) { return {options.backoff_min, options.backoff_max}; }

}  // namespace

RedisBus::RedisBus(RedisBusOptions options, Connector connector, reactor::Loop& loop, EventSink& sink,
                   Log& log)
    : options_(std::move(options)),
      connector_(std::move(connector)),
      loop_(loop),
      sink_(sink),
      log_(log),
      keeper_(sink, log, options_.display_url),
      subscriber_(options_.login,
                  Subscriptions(options_.bus.patterns, options_.bus.node_id, options_.bus.followed_markers),
                  {options_.bus.event_bytes_max, options_.bus.operation_timeout, ask_identity(options_.bus),
                   options_.bus.role},
                  *this),
      publisher_(options_.login,
                 {options_.bus.operation_timeout, ask_identity(options_.bus), options_.bus.role}, *this),
      subscriber_link_(loop, connector_, subscriber_, Backoff(limits_of(options_.bus), options_.seed), *this),
      publisher_link_(loop, connector_, publisher_, Backoff(limits_of(options_.bus), options_.seed + 1),
                      *this),
      address_check_(options_.login, options_.bus, options_.display_url, connector_, loop, log, counters_,
                     *this),
      probe_(options_.bus.probe_interval, options_.bus.operation_timeout, options_.seed + 2) {}

RedisBus::~RedisBus() {
  loop_.cancel(probe_timer_);
  loop_.cancel(refused_timer_);
}

void RedisBus::start() {
  keeper_.begin(loop_.now(), loop_.wall_now());
  subscriber_link_.start();
}

// --- publishing ---

void RedisBus::publish(std::string_view channel, std::string_view body, PublishDone done) {
  if (body.size() > options_.bus.event_bytes_max) return refuse(std::move(done), PublishResult::refused);
  const auto size = channel.size() + body.size() + kEventOverheadBytes;
  const bool fits = publisher_link_.unsent_bytes() + size <= options_.write_buffer_bytes_max;
  if (!fits || !publisher_.try_publish(channel, body, loop_.now(), publisher_link_.outgoing(), done)) {
    return refuse(std::move(done), PublishResult::unavailable);
  }
  publisher_link_.send_soon();
}

void RedisBus::refuse(PublishDone done, PublishResult result) {
  refused_.emplace_back(std::move(done), result);
  if (refused_timer_ == 0) {
    refused_timer_ = loop_.call_after(MonoClock::duration::zero(), [this] { report_refused(); });
  }
}

void RedisBus::report_refused() {
  refused_timer_ = 0;
  auto refused = std::exchange(refused_, {});
  for (auto& [done, result] : refused) {
    on_published(result);
    if (done) done(result);
  }
}

void RedisBus::on_published(PublishResult result) {
  bump(result == PublishResult::accepted ? counters_.published : counters_.publish_failures);
}

// A publisher without permission can be refused thousands of times a second: one line per second gives the
// reason.
void RedisBus::on_publish_refused(std::string_view reason) {
  if (refused_publish_logged_at_ != MonoTime{} &&
      loop_.now() - refused_publish_logged_at_ < kRefusedPublishLogEvery) {
    return;
  }
  refused_publish_logged_at_ = loop_.now();
  log_.warning("event not published", {{"bus", keeper_.display_url()}, {"reason", reason}});
}

// --- subscribing ---

void RedisBus::on_message(std::string_view channel, std::string_view body) {
  if (gap_pending_) report_gap();
  has_received_ = true;
  batch_open_ = true;
  bump(counters_.events_in);
  bump(counters_.bytes_in, body.size());
  sink_.on_event({channel, body});
}

void RedisBus::on_oversize(std::string_view channel) {
  bump(counters_.oversize_dropped);
  const auto suppressed = oversize_lines_.admit("body_too_large", loop_.now());
  if (!suppressed) return bump(counters_.lines_suppressed);
  log_.warning("event dropped", {{"reason", "body_too_large"},
                                 {"channel", channel},
                                 {"detail", "the body is longer than bus.event_bytes_max"},
                                 {"event_bytes_max", static_cast<std::int64_t>(options_.bus.event_bytes_max)},
                                 {"suppressed", static_cast<std::int64_t>(*suppressed)}});
}

void RedisBus::report_gap() {
  gap_pending_ = false;
  batch_open_ = true;
  bump(counters_.gaps);
  sink_.on_gap();
}

void RedisBus::on_link_read(RedisLink& link) {
  if (&link != &subscriber_link_ || !batch_open_) return;
  batch_open_ = false;
  sink_.on_batch_end();
}

// --- the two links ---

void RedisBus::on_link_ready(RedisLink& link) {
  if (&link == &subscriber_link_) return on_subscriber_ready();
  on_publisher_ready();
}

void RedisBus::on_publisher_ready() {
  if (was_ready_ && !may_be_same_server(subscriber_.identity(), publisher_.identity())) {
    bump(counters_.failovers_to_other);
    return redial_both({FaultKind::network, "the broker's address led to two servers one after the other"});
  }
  probe_forbidden_ = false;
  if (was_ready_) probe_.start(loop_.now());
  arm_probe();
}

void RedisBus::on_subscriber_ready() {
  was_ready_ = true;
  has_received_ = true;
  bump(counters_.connects);
  if (gap_pending_) report_gap();
  // A publisher that stayed connected may be on the server that the subscriber has just left.
  if (publisher_.ready() && !may_be_same_server(subscriber_.identity(), publisher_.identity())) {
    bump(counters_.failovers_to_other);
    publisher_link_.stop();
  }
  publisher_link_.start();
  address_check_.start(subscriber_.identity());
  probe_.start(loop_.now());
  arm_probe();
}

void RedisBus::on_link_lost(RedisLink& link, const Fault& fault) {
  if (&link == &subscriber_link_) return on_subscriber_lost(fault);
  // A probe in flight may be lost with the link: the next one starts over, as a PING until there is a
  // publisher.
  probe_.send_again(loop_.now());
  arm_probe();
  keeper_.down("publishing: " + fault.detail, loop_.now(), loop_.wall_now());
}

void RedisBus::on_subscriber_lost(const Fault& fault) {
  if (was_ready_) bump(counters_.disconnects);
  was_ready_ = false;
  gap_pending_ = gap_pending_ || has_received_;
  has_received_ = false;
  address_check_.stop();
  probe_.stop();
  if (!publisher_.ready()) publisher_link_.stop();
  keeper_.down(fault.detail, loop_.now(), loop_.wall_now());
}

void RedisBus::look_whether_up() {
  if (was_ready_ && publisher_.ready() && probe_.passed()) keeper_.up(loop_.now(), loop_.wall_now());
}

// --- the probe ---

void RedisBus::on_probe_received(std::string_view text) {
  if (text.starts_with(kMarkerPrefix)) {
    if (gap_pending_) report_gap();  // it comes before the marker
    return sink_.on_marker(text);
  }
  if (const auto sent_at = probe_.on_nonce(text)) counters_.round_trips.add(loop_.now() - *sent_at);
  look_whether_up();
}

void RedisBus::on_pong() {
  probe_.on_pong();
  look_whether_up();
}

void RedisBus::on_probe_forbidden(std::string_view reason) {
  probe_forbidden_ = true;
  warn_of_ping(reason);
  probe_.send_again(loop_.now());
  arm_probe();
}

void RedisBus::warn_of_ping(std::string_view reason) {
  if (warned_of_ping_) return;
  warned_of_ping_ = true;
  log_.warning(
      "bus probe is not permitted; PING is used instead, so a subscription that stops receiving is not "
      "detected",
      {{"bus", keeper_.display_url()}, {"channel", subscriber_.probe_channel()}, {"reason", reason}});
}

void RedisBus::arm_probe() {
  loop_.cancel(std::exchange(probe_timer_, 0));
  if (!probe_.running()) return;
  const auto wait = std::max(probe_.next_deadline() - loop_.now(), MonoClock::duration::zero());
  probe_timer_ = loop_.call_after(wait, [this] {
    probe_timer_ = 0;
    run_probe();
  });
}

void RedisBus::run_probe() {
  switch (probe_.advance(loop_.now())) {
    case Probe::Act::nothing:
      break;
    case Probe::Act::send:
      send_probe();
      break;
    case Probe::Act::missed:
      on_probe_missed();
      break;
  }
  arm_probe();
}

void RedisBus::send_probe() {
  if (!subscriber_.receives_probes()) warn_of_ping(subscriber_.probe_refusal());
  if (publisher_.ready() && subscriber_.receives_probes() && !probe_forbidden_) {
    probe_.went_by(Probe::Way::nonce);
    publisher_.append_probe(subscriber_.probe_channel(), probe_.nonce(), loop_.now(),
                            publisher_link_.outgoing());
    publisher_link_.send_soon();
    return;
  }
  probe_.went_by(Probe::Way::ping);
  subscriber_.append_ping(subscriber_link_.outgoing());
  subscriber_link_.send_soon();
  if (!publisher_.ready()) return;
  publisher_.append_ping(loop_.now(), publisher_link_.outgoing());
  publisher_link_.send_soon();
}

void RedisBus::on_probe_missed() {
  bump(counters_.probes_missed);
  redial_both({FaultKind::silent,
               "the probe did not come back: the subscription delivers nothing or the broker hangs"});
}

void RedisBus::on_failover(const Fault& fault) { redial_both(fault); }

void RedisBus::redial_both(const Fault& fault) {
  publisher_link_.stop();
  subscriber_link_.drop(fault);
}

}  // namespace carillon::bus

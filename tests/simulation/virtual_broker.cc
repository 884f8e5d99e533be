#include "virtual_broker.h"

#include <algorithm>

#include "bus/counting.h"
#include "json/validate.h"

namespace carillon::simulation {
namespace {

constexpr std::size_t kRecentEvents = 8;

}  // namespace

Result<std::unique_ptr<bus::Bus>> VirtualBroker::connect(bus::BusOptions options, reactor::Loop& loop,
                                                         bus::EventSink& sink, Feed& feed) {
  return std::unique_ptr<bus::Bus>(new VirtualBus(*this, std::move(options), loop, sink, feed));
}

void VirtualBroker::publish(std::string_view channel, std::string_view body) {
  for (VirtualBus* link : links_) link->arrive(channel, body);
}

void VirtualBroker::restart(milliseconds away) {
  for (VirtualBus* link : links_) link->drop(away);
}

VirtualBus::VirtualBus(VirtualBroker& broker, bus::BusOptions options, reactor::Loop& loop,
                       bus::EventSink& sink, Feed& feed)
    : broker_(broker), options_(std::move(options)), loop_(loop), sink_(sink), feed_(feed) {
  broker_.links_.push_back(this);
}

VirtualBus::~VirtualBus() {
  std::erase(broker_.links_, this);
  loop_.cancel(timer_);
  loop_.cancel(link_timer_);
  loop_.cancel(late_end_);
}

void VirtualBus::start() {
  status_ = {bus::BusState::connecting, loop_.wall_now(), loop_.now(), {}};
  link_timer_ = loop_.call_after(milliseconds(1 + broker_.dice_.below(20)), [this] { come_up(); });
}

void VirtualBus::come_up() {
  link_timer_ = 0;
  status_ = {bus::BusState::up, loop_.wall_now(), loop_.now(), {}};
  bus::bump(counters_.connects);
  sink_.on_status(status_);
  if (was_up_) {
    bus::bump(counters_.gaps);
    feed_.add_gap();
    sink_.on_gap();
    feed_.end_batch();
    const std::size_t again =
        std::min<std::size_t>(broker_.dice_.below(broker_.duplicates_max + 1), recent_.size());
    const std::vector<Event> events(recent_.end() - static_cast<std::ptrdiff_t>(again), recent_.end());
    for (const Event& event : events) hand_on(event);
    if (again > 0) end_batch();
  }
  was_up_ = true;
}

void VirtualBus::drop(milliseconds away) {
  if (!is_up()) return;
  status_ = {bus::BusState::down, loop_.wall_now(), loop_.now(), "the link dropped"};
  bus::bump(counters_.disconnects);
  feed_.add_loss();
  coming_.clear();
  silent_ = false;
  sink_.on_status(status_);
  loop_.cancel(link_timer_);
  link_timer_ = loop_.call_after(away, [this] { come_up(); });
}

void VirtualBus::go_silent(milliseconds until_noticed) {
  if (!is_up() || silent_) return;
  silent_ = true;
  loop_.cancel(link_timer_);
  link_timer_ = loop_.call_after(until_noticed, [this] {
    link_timer_ = 0;
    drop(milliseconds(100));
  });
}

void VirtualBus::arrive(std::string_view channel, std::string_view body) {
  const auto wants = [channel](const ChannelPattern& pattern) { return pattern.match(channel).has_value(); };
  if (!is_up() || silent_ || std::none_of(options_.patterns.begin(), options_.patterns.end(), wants)) return;
  const auto delay = std::chrono::microseconds(
      broker_.dice_.below(static_cast<std::uint32_t>(broker_.delay_max.count()) * 1000 + 1));
  MonoTime at = loop_.now() + delay;
  if (!coming_.empty()) at = std::max(at, coming_.back().at);  // a link never reorders
  coming_.push_back({at, std::string(channel), std::string(body)});
  schedule();
}

void VirtualBus::schedule() {
  if (timer_ != 0 || coming_.empty()) return;
  const auto wait = std::max<MonoClock::duration>(coming_.front().at - loop_.now(), MonoClock::duration(0));
  timer_ = loop_.call_after(wait, [this] {
    timer_ = 0;
    deliver_due();
    schedule();
  });
}

void VirtualBus::deliver_due() {
  bool any = false;
  while (!coming_.empty() && coming_.front().at <= loop_.now()) {
    const Event event = std::move(coming_.front());
    coming_.pop_front();
    hand_on(event);
    recent_.push_back(event);
    if (recent_.size() > kRecentEvents) recent_.pop_front();
    any = true;
  }
  if (!any) return;
  // A bus may also end a batch later than the turn in which its events came.
  if (late_end_ == 0 && broker_.dice_.chance(10)) {
    late_end_ =
        loop_.call_after(std::chrono::microseconds(broker_.dice_.below(3000)), [this] { end_batch(); });
  } else if (late_end_ == 0) {
    end_batch();
  }
}

void VirtualBus::end_batch() {
  loop_.cancel(late_end_);
  late_end_ = 0;
  sink_.on_batch_end();
  feed_.end_batch();
}

void VirtualBus::hand_on(const Event& event) {
  bus::bump(counters_.events_in);
  bus::bump(counters_.bytes_in, event.body.size());
  const auto kind = json::validate(event.body) ? Feed::Body::json : Feed::Body::not_json;
  feed_.add(event.channel, event.body, kind);
  sink_.on_event({event.channel, event.body});
}

void VirtualBus::publish(std::string_view channel, std::string_view body, bus::PublishDone done) {
  const auto delay = std::chrono::microseconds(broker_.dice_.below(20'000));
  loop_.call_after(delay, [this, alive = std::weak_ptr(alive_),
                           publish = Publish{std::string(channel), std::string(body), std::move(done)}] {
    if (!alive.expired()) answer(publish);
  });
}

void VirtualBus::answer(const Publish& publish) {
  if (!is_up() || broker_.dice_.chance(broker_.refused_publishes)) {
    bus::bump(counters_.publish_failures);
    publish.done(is_up() ? bus::PublishResult::refused : bus::PublishResult::unavailable);
    return;
  }
  bus::bump(counters_.published);
  broker_.publish(publish.channel, publish.body);
  publish.done(bus::PublishResult::accepted);
}

}  // namespace carillon::simulation

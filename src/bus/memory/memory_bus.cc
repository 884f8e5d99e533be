#include "bus/memory/memory_bus.h"

#include <algorithm>

#include "bus/counting.h"
#include "event/channel_name.h"

namespace carillon::bus {

MemoryBus::MemoryBus(BusOptions options, reactor::Loop& loop, EventSink& sink, Log& log)
    : options_(std::move(options)),
      waiting_bytes_max_(std::max(
          {kWaitingBytesMax, options_.event_bytes_max + kChannelNameBytesMax, options_.request_bytes_max})),
      loop_(loop),
      sink_(sink),
      keeper_(sink, log, "memory:") {}

MemoryBus::~MemoryBus() { loop_.cancel(timer_); }

void MemoryBus::start() {
  if (started_) return;
  started_ = true;
  keeper_.begin(loop_.now(), loop_.wall_now());
  run_soon();
}

void MemoryBus::run_soon() {
  if (timer_ != 0) return;
  timer_ = loop_.call_after(MonoClock::duration::zero(), [this] {
    timer_ = 0;
    turn();
  });
}

PublishResult MemoryBus::judge(std::string_view channel, std::string_view body) const {
  if (!started_) return PublishResult::unavailable;
  if (body.size() > options_.event_bytes_max) return PublishResult::refused;
  const auto bytes = channel.size() + body.size();
  if (waiting_events_ >= kWaitingEventsMax || waiting_bytes_ + bytes > waiting_bytes_max_) {
    return PublishResult::unavailable;
  }
  return PublishResult::accepted;
}

void MemoryBus::publish(std::string_view channel, std::string_view body, PublishDone done) {
  const auto result = judge(channel, body);
  if (result == PublishResult::accepted) {
    waiting_.push_back({std::string(channel), std::string(body), std::move(done), result});
    ++waiting_events_;
    waiting_bytes_ += channel.size() + body.size();
  } else {
    waiting_.push_back({{}, {}, std::move(done), result});
  }
  run_soon();
}

bool MemoryBus::is_wanted(std::string_view channel) const {
  const auto wants = [channel](const ChannelPattern& pattern) { return pattern.match(channel).has_value(); };
  return std::any_of(options_.patterns.begin(), options_.patterns.end(), wants);
}

void MemoryBus::turn() {
  if (started_) keeper_.up(loop_.now(), loop_.wall_now());
  // Taken out first: the sink and every `done` may publish again, which then waits for the next turn.
  std::vector<Waiting> slice;
  while (!waiting_.empty() && slice.size() < kSliceEvents) {
    slice.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  bool delivered = false;
  for (const auto& event : slice) {
    if (event.result != PublishResult::accepted) continue;
    --waiting_events_;
    waiting_bytes_ -= event.channel.size() + event.body.size();
    if (!is_wanted(event.channel)) continue;
    delivered = true;
    bump(counters_.events_in);
    bump(counters_.bytes_in, event.body.size());
    sink_.on_event({event.channel, event.body});
  }
  if (delivered) sink_.on_batch_end();
  for (auto& event : slice) {
    bump(event.result == PublishResult::accepted ? counters_.published : counters_.publish_failures);
    if (event.done) event.done(event.result);
  }
  if (!waiting_.empty()) run_soon();
}

}  // namespace carillon::bus

// Events at a steady rate: what coalescing does by itself when a sweep takes longer than an event's turn.
#include <algorithm>
#include <chrono>
#include <future>
#include <memory>

#include "common/json_line.h"
#include "fan_out/rows.h"

namespace carillon::bench {
namespace {

// Publishes on the gateway's loop by a timetable, so that being late once does not lower the rate.
class Timetable : public std::enable_shared_from_this<Timetable> {
 public:
  Timetable(reactor::Loop& loop, std::uint32_t events_per_s, std::uint64_t events,
            std::function<void(std::uint32_t)> publish)
      : loop_(loop), interval_(seconds(1)), events_(events), publish_(std::move(publish)) {
    interval_ /= events_per_s;
  }

  void begin() {
    begin_ = loop_.now();
    go_on();
  }

 private:
  void go_on() {
    const auto due = static_cast<std::uint64_t>((loop_.now() - begin_) / interval_) + 1;
    if (const auto now = std::min(due, events_) - published_; now > 0) {
      published_ += now;
      publish_(static_cast<std::uint32_t>(now));
    }
    if (published_ == events_) return;
    const MonoTime next = begin_ + interval_ * static_cast<std::int64_t>(published_);
    loop_.call_after(next - loop_.now(), [self = shared_from_this()] { self->go_on(); });
  }

  reactor::Loop& loop_;
  MonoClock::duration interval_;
  const std::uint64_t events_;
  std::function<void(std::uint32_t)> publish_;
  MonoTime begin_{};
  std::uint64_t published_ = 0;
};

struct Run {
  std::promise<Span> done;
  Stamp start;
};

}  // namespace

Result<std::string> FanOutBench::at_rate(std::uint32_t events_per_s, std::uint32_t duration_s) {
  const std::uint64_t events = std::uint64_t{events_per_s} * duration_s;
  const std::uint64_t deliveries = events * clients_;
  const auto before = generator_.await(events_heard_);
  if (!before) return tl::unexpected(before.error());
  auto run = std::make_shared<Run>();
  auto future = run->done.get_future();
  auto timetable = std::make_shared<Timetable>(gateway_.loop(), events_per_s, events,
                                               [this](std::uint32_t now) { publish(now); });
  gateway_.on_loop([this, run, timetable, deliveries] {
    gateway_.edge().expect(deliveries * kFrameBytes, [this, run] {
      gateway_.on_loop([run] { run->done.set_value(stamp_now() - run->start); });
    });
    run->start = stamp_now();
    timetable->begin();
  });
  if (future.wait_for(std::chrono::seconds(duration_s * 2 + 10)) != std::future_status::ready) {
    return failure("the engine is behind: its events are not out twice the time they should take");
  }
  const Span span = future.get();
  const std::uint64_t writes = gateway_.edge().writes();
  const auto heard = generator_.await(events_heard_ += deliveries);
  if (!heard) return tl::unexpected(heard.error());

  const auto seconds_heard = static_cast<double>(heard->at_ns - run->start.wall_ns) / 1e9;
  const auto count = static_cast<double>(heard->events - before->events);
  std::string line;
  json::ObjectWriter object(line);
  object.member("row", "rate").member("clients", clients_).member("events_per_s", events_per_s);
  object.member("seconds", to_a_thousandth(seconds_heard))
      .member("deliveries", heard->events - before->events);
  object.member("deliveries_per_s", to_a_thousandth(count / seconds_heard));
  object.member("events_a_write", to_a_thousandth(count / static_cast<double>(writes)));
  object.member("cpu_us", to_a_thousandth(static_cast<double>(span.cpu_ns) / 1000 / count));
  object.member("cpu_share",
                to_a_thousandth(static_cast<double>(span.cpu_ns) / static_cast<double>(span.wall_ns)));
  object.member("generator_cpu_us",
                to_a_thousandth(static_cast<double>(heard->cpu_ns - before->cpu_ns) / 1000 / count));
  object.member("lost", events_heard_ - heard->events).member("clients_lost", heard->lost);
  object.member("uneven", heard->most - heard->fewest);
  object.close();
  events_heard_ = heard->events;
  return line;
}

}  // namespace carillon::bench

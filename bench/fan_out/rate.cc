// Events at a steady rate: what coalescing does by itself when a sweep takes longer than an event's turn.
#include <chrono>

#include "common/json_line.h"
#include "fan_out/rows.h"

namespace carillon::bench {
namespace {

constexpr auto kStartIn = milliseconds(50);  // by then the clients have the timetable

struct Measured {
  Phases::Phase phase;
  Received before;
  Received received;
  ReceivedLatency latency;
  double seconds = 0;
  std::uint64_t lost = 0;
};

std::string row_of(std::uint32_t clients, std::uint32_t events_per_s, const Measured& measured) {
  const std::uint64_t deliveries = measured.received.events - measured.before.events;
  const auto count = static_cast<double>(deliveries);
  const auto cpu_ns = static_cast<double>(measured.phase.span.cpu_ns);
  const auto generator_cpu_ns = static_cast<double>(measured.received.cpu_ns - measured.before.cpu_ns);
  std::string line;
  json::ObjectWriter object(line);
  object.member("row", "rate").member("clients", clients).member("events_per_s", events_per_s);
  object.member("seconds", to_a_thousandth(measured.seconds)).member("deliveries", deliveries);
  object.member("deliveries_per_s", to_a_thousandth(count / measured.seconds));
  object.member("events_a_write", to_a_thousandth(count / static_cast<double>(measured.phase.writes)));
  object.member("cpu_us", to_a_thousandth(cpu_ns / 1000 / count));
  object.member("cpu_share", to_a_thousandth(cpu_ns / 1e9 / measured.seconds));
  object.member("generator_cpu_us", to_a_thousandth(generator_cpu_ns / 1000 / count));
  object.member("p50_us", measured.latency.p50_us).member("p99_us", measured.latency.p99_us);
  object.member("max_us", measured.latency.max_us);
  object.member("lost", measured.lost).member("clients_lost", measured.received.lost);
  object.member("uneven", measured.received.most - measured.received.fewest);
  object.close();
  return line;
}

}  // namespace

Result<loadgen::Timetable> FanOutBench::begin(std::uint32_t events_per_s, std::uint64_t events) {
  const loadgen::Timetable timetable({static_cast<double>(events_per_s), events}, mono_now() + kStartIn);
  if (auto begun = phases_.generator().begin(timetable.start(), events_per_s, events); !begun) {
    return tl::unexpected(begun.error());
  }
  return timetable;
}

std::function<void()> FanOutBench::publish_by(const loadgen::Timetable& timetable) {
  return [this, timetable] {
    keep_to(timetable, phases_.gateway().loop(), [this](std::uint32_t now) { publish(now); });
  };
}

Result<std::string> FanOutBench::at_rate(std::uint32_t events_per_s, std::uint32_t duration_s) {
  const std::uint64_t events = std::uint64_t{events_per_s} * duration_s;
  const std::uint64_t deliveries = events * phases_.clients();
  const auto before = phases_.await_all();
  if (!before) return tl::unexpected(before.error());
  const auto timetable = begin(events_per_s, events);
  if (!timetable) return tl::unexpected(timetable.error());
  // An engine that cannot keep up finishes late: after up to twice the time.
  const auto phase =
      phases_.until_written(deliveries, publish_by(*timetable), std::chrono::seconds(duration_s * 2 + 10));
  if (!phase) return tl::unexpected(phase.error());
  const auto received = phases_.await_some(deliveries);
  if (!received) return tl::unexpected(received.error());
  const auto latency = phases_.generator().latency();
  if (!latency) return tl::unexpected(latency.error());

  const std::int64_t start_ns = timetable->start().time_since_epoch().count();
  const std::uint64_t lost = phases_.events_due() - received->events;
  phases_.write_off(lost);
  return row_of(
      phases_.clients(), events_per_s,
      {*phase, *before, *received, *latency, static_cast<double>(received->at_ns - start_ns) / 1e9, lost});
}

}  // namespace carillon::bench

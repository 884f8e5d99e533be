// The time until every client has received an event, compared with the least possible: the same bytes, sent
// by a bare loop to the same connections on the same thread by the same timetable. The clients' clock runs
// from the time at which the event was to be published.
#include <future>
#include <memory>

#include "common/json_line.h"
#include "fan_out/rows.h"

namespace carillon::bench {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);  // beyond the timetable's own time

struct Side {
  std::vector<double> p50_us;
  std::vector<double> p99_us;
  void add(const ReceivedLatency& latency) {
    p50_us.push_back(static_cast<double>(latency.p50_us));
    p99_us.push_back(static_cast<double>(latency.p99_us));
  }
};

void add_ratio(json::ObjectWriter& object, const std::string& name, const std::vector<double>& engine,
               const std::vector<double>& floor) {
  object.member(name, to_a_thousandth(spread_of(engine).median / spread_of(floor).median));
  add_spread(object, name + "_of_pairs", spread_of(ratios(engine, floor)));
}

std::string row_of(std::uint32_t clients, const FanOutBench::Blocks& blocks, const Side& engine,
                   const Side& floor) {
  std::string line;
  json::ObjectWriter object(line);
  object.member("row", "latency").member("clients", clients).member("events_per_s", blocks.events_per_s);
  object.member("pairs", blocks.pairs).member("block_events", blocks.events);
  add_spread(object, "engine_p50_us", spread_of(engine.p50_us));
  add_spread(object, "floor_p50_us", spread_of(floor.p50_us));
  add_spread(object, "engine_p99_us", spread_of(engine.p99_us));
  add_spread(object, "floor_p99_us", spread_of(floor.p99_us));
  add_ratio(object, "ratio_p50", engine.p50_us, floor.p50_us);
  add_ratio(object, "ratio_p99", engine.p99_us, floor.p99_us);
  object.close();
  return line;
}

std::chrono::seconds time_for(const loadgen::Timetable& timetable) {
  return std::chrono::duration_cast<std::chrono::seconds>(timetable.due(timetable.events()) -
                                                          timetable.start()) +
         kPatience;
}

}  // namespace

Result<ReceivedLatency> FanOutBench::latency_of_engine(const loadgen::Timetable& timetable) {
  const std::uint64_t deliveries = timetable.events() * phases_.clients();
  const auto phase = phases_.engine(deliveries, publish_by(timetable), time_for(timetable));
  if (!phase) return tl::unexpected(phase.error());
  return phases_.generator().latency();
}

Result<ReceivedLatency> FanOutBench::latency_of_floor(const loadgen::Timetable& timetable,
                                                      const Phases::Notes& notes) {
  struct Run {
    std::promise<std::uint64_t> done;
    std::uint64_t events = 0;
    std::uint64_t sent = 0;
  };
  auto run = std::make_shared<Run>();
  auto future = run->done.get_future();
  reactor::Loop& loop = phases_.gateway().loop();
  phases_.gateway().on_loop([run, timetable, notes, &loop] {
    keep_to(timetable, loop, [run, timetable, notes](std::uint32_t now) {
      for (std::uint32_t i = 0; i < now; ++i) run->sent += send_to_all(notes);
      if ((run->events += now) == timetable.events()) run->done.set_value(run->sent);
    });
  });
  if (future.wait_for(time_for(timetable)) != std::future_status::ready)
    return failure("the floor did not finish a block");
  const std::uint64_t deliveries = timetable.events() * phases_.clients();
  if (future.get() != deliveries) return failure("a send of the floor came up short");
  if (auto received = phases_.await(deliveries); !received) return tl::unexpected(received.error());
  return phases_.generator().latency();
}

Result<std::string> FanOutBench::latency(const Blocks& blocks) {
  const auto notes = phases_.learn(1, [this] { publish(1); });
  if (!notes) return tl::unexpected(notes.error());
  Side of_engine;
  Side of_floor;
  for (std::uint32_t i = 0; i < blocks.pairs * 2; ++i) {
    const auto timetable = begin(blocks.events_per_s, blocks.events);
    if (!timetable) return tl::unexpected(timetable.error());
    const bool engines_turn = is_first_sides_turn(i);
    const auto received = engines_turn ? latency_of_engine(*timetable) : latency_of_floor(*timetable, *notes);
    if (!received) return tl::unexpected(received.error());
    if (received->count != std::uint64_t{blocks.events} * phases_.clients())
      return failure("the clients timed only " + std::to_string(received->count) + " deliveries");
    (engines_turn ? of_engine : of_floor).add(*received);
  }
  return row_of(phases_.clients(), blocks, of_engine, of_floor);
}

}  // namespace carillon::bench

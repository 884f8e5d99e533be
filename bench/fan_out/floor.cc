// The cost of a delivery, compared with a bare loop of send(), which is the least possible.
#include "common/json_line.h"
#include "fan_out/rows.h"

namespace carillon::bench {
namespace {

constexpr std::string_view kChannel = "orion.content.created";

// As long as it takes to make the frame kFrameBytes.
const std::string& body() {
  static const std::string text =
      R"({"text":")" +
      padding_for(
          R"({"channel":"orion.content.created","payload":{"text":""},"timestamp":"2026-01-01T00:00:00Z"})") +
      R"("})";
  return text;
}

double per_delivery_us(std::int64_t ns, double deliveries) {
  return static_cast<double>(ns) / 1000 / deliveries;
}

// The phases of one kind, as microseconds a delivery.
struct Side {
  std::vector<double> cpu_us;
  std::vector<double> wall_us;
  void add(const Span& span, double deliveries) {
    cpu_us.push_back(per_delivery_us(span.cpu_ns, deliveries));
    wall_us.push_back(per_delivery_us(span.wall_ns, deliveries));
  }
};

std::string row_of(std::uint32_t clients, std::uint32_t pending, const Side& engine, const Side& floor,
                   std::uint64_t writes) {
  std::string line;
  json::ObjectWriter object(line);
  object.member("row", "floor").member("clients", clients).member("pending", pending);
  object.member("frame_bytes", kFrameBytes).member("pairs", engine.cpu_us.size());
  object.member("writes_a_phase", writes);
  add_spread(object, "engine_cpu_us", spread_of(engine.cpu_us));
  add_spread(object, "floor_cpu_us", spread_of(floor.cpu_us));
  add_spread(object, "engine_wall_us", spread_of(engine.wall_us));
  add_spread(object, "floor_wall_us", spread_of(floor.wall_us));
  object.member("ratio", to_a_thousandth(spread_of(floor.cpu_us).median / spread_of(engine.cpu_us).median));
  add_spread(object, "ratio_of_pairs", spread_of(ratios(floor.cpu_us, engine.cpu_us)));
  object.member("ratio_wall",
                to_a_thousandth(spread_of(floor.wall_us).median / spread_of(engine.wall_us).median));
  object.close();
  return line;
}

}  // namespace

void FanOutBench::publish(std::uint32_t events) {
  gateway::Router& router = phases_.gateway().router();
  for (std::uint32_t i = 0; i < events; ++i) router.on_event(Event{kChannel, body()});
  router.on_batch_end();
}

Result<std::string> FanOutBench::against_the_floor(std::uint32_t pending, std::uint32_t pairs) {
  const std::uint64_t deliveries = std::uint64_t{phases_.clients()} * pending;
  const auto publish_pending = [this, pending] { publish(pending); };
  const auto notes = phases_.learn(pending, publish_pending);
  if (!notes) return tl::unexpected(notes.error());
  Side of_engine;
  Side of_floor;
  std::uint64_t writes = 0;
  for (std::uint32_t i = 0; i < pairs * 2; ++i) {
    const bool engines_turn = is_first_sides_turn(i);
    const auto phase = engines_turn ? phases_.engine(deliveries, publish_pending) : phases_.floor(*notes);
    if (!phase) return tl::unexpected(phase.error());
    (engines_turn ? of_engine : of_floor).add(phase->span, static_cast<double>(deliveries));
    if (engines_turn) writes = std::max(writes, phase->writes);
  }
  return row_of(phases_.clients(), pending, of_engine, of_floor, writes);
}

}  // namespace carillon::bench

#include "fan_out/rows.h"

#include <sys/socket.h>

#include <chrono>
#include <future>
#include <utility>

#include "common/json_line.h"

namespace carillon::bench {
namespace {

constexpr auto kPhaseMax = std::chrono::seconds(30);
constexpr std::string_view kChannel = "orion.content.created";

// As long as it takes to make the frame kFrameBytes.
const std::string& body() {
  static const std::string text = [] {
    const std::string around =
        R"({"channel":"orion.content.created","payload":,"timestamp":"2026-01-01T00:00:00Z"})";
    const std::string fixed = R"({"text":""})";
    constexpr std::size_t kHeader = 4;
    return R"({"text":")" + std::string(kFrameBytes - kHeader - around.size() - fixed.size(), 'x') + R"("})";
  }();
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

std::vector<double> ratios(const std::vector<double>& floor, const std::vector<double>& engine) {
  std::vector<double> all;
  for (std::size_t i = 0; i < floor.size(); ++i) all.push_back(floor[i] / engine[i]);
  return all;
}

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

Result<std::monostate> FanOutBench::connect(std::uint32_t clients) {
  const auto heard = generator_.connect(clients);
  if (!heard) return tl::unexpected(heard.error());
  if (heard->connected != clients)
    return failure("only " + std::to_string(heard->connected) + " clients connected");
  clients_ = clients;
  return std::monostate{};
}

void FanOutBench::publish(std::uint32_t events) {
  for (std::uint32_t i = 0; i < events; ++i) gateway_.router().on_event(kChannel, body());
  gateway_.router().on_batch_end();
}

Result<Heard> FanOutBench::await_clients(std::uint64_t new_events) {
  events_heard_ += new_events;
  auto heard = generator_.await(events_heard_);
  if (heard && (heard->events != events_heard_ || heard->fewest != heard->most)) {
    return failure("the clients have heard " + std::to_string(heard->events) + " events (" +
                   std::to_string(heard->fewest) + " to " + std::to_string(heard->most) + " each) of " +
                   std::to_string(events_heard_));
  }
  return heard;
}

// From the first event's arrival at the Router to the first turn of the loop after the last write.
Result<FanOutBench::Phase> FanOutBench::engine(std::uint32_t pending) {
  struct Run {
    std::promise<Phase> done;
    Stamp start;
  };
  auto run = std::make_shared<Run>();  // outlives this call should the engine never finish
  auto future = run->done.get_future();
  const std::uint64_t deliveries = std::uint64_t{clients_} * pending;
  gateway_.on_loop([this, run, pending, deliveries] {
    gateway_.edge().expect(deliveries * kFrameBytes, [this, run] {
      gateway_.on_loop([this, run] {
        run->done.set_value({stamp_now() - run->start, gateway_.edge().writes()});
      });
    });
    run->start = stamp_now();
    publish(pending);
  });
  if (future.wait_for(kPhaseMax) != std::future_status::ready)
    return failure("the engine did not finish a phase");
  const Phase phase = future.get();
  if (auto heard = await_clients(deliveries); !heard) return tl::unexpected(heard.error());
  return phase;
}

Result<FanOutBench::Phase> FanOutBench::floor(std::uint32_t pending) {
  std::promise<Phase> done;
  auto future = done.get_future();
  gateway_.on_loop([&] {
    std::uint64_t whole = 0;
    const Stamp start = stamp_now();
    for (const int fd : descriptors_) {
      const ssize_t sent = ::send(fd, frames_.data(), frames_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent == static_cast<ssize_t>(frames_.size())) ++whole;
    }
    done.set_value({stamp_now() - start, whole});
  });
  const Phase phase = future.get();
  if (phase.writes != clients_) return failure("a send of the floor came up short");
  if (auto heard = await_clients(std::uint64_t{clients_} * pending); !heard)
    return tl::unexpected(heard.error());
  return phase;
}

// A first phase of the engine, which shows what the floor has to send to whom.
Result<std::monostate> FanOutBench::learn(std::uint32_t pending) {
  gateway_.on_loop([this] { gateway_.edge().take_notes(true); });
  const auto phase = engine(pending);
  if (!phase) return tl::unexpected(phase.error());
  std::promise<void> done;
  gateway_.on_loop([&] {
    gateway_.edge().take_notes(false);
    descriptors_ = gateway_.edge().noted_descriptors();
    frames_ = gateway_.edge().noted_bytes();
    done.set_value();
  });
  done.get_future().wait();
  if (descriptors_.size() != clients_ || frames_.size() != pending * kFrameBytes) {
    return failure("the engine took " + std::to_string(descriptors_.size()) + " writes, the first of " +
                   std::to_string(frames_.size()) + " bytes");
  }
  return std::monostate{};
}

Result<std::string> FanOutBench::against_the_floor(std::uint32_t pending, std::uint32_t pairs) {
  if (auto learnt = learn(pending); !learnt) return tl::unexpected(learnt.error());
  const double deliveries = double{1} * clients_ * pending;
  Side of_engine;
  Side of_floor;
  std::uint64_t writes = 0;
  for (std::uint32_t i = 0; i < pairs * 2; ++i) {
    const bool engines_turn = (i % 4 == 0) || (i % 4 == 3);
    const auto phase = engines_turn ? engine(pending) : floor(pending);
    if (!phase) return tl::unexpected(phase.error());
    (engines_turn ? of_engine : of_floor).add(phase->span, deliveries);
    if (engines_turn) writes = std::max(writes, phase->writes);
  }
  return row_of(clients_, pending, of_engine, of_floor, writes);
}

}  // namespace carillon::bench

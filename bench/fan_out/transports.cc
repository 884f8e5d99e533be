#include "fan_out/transports.h"

#include <algorithm>

#include "common/json_line.h"
#include "fan_out/rows.h"

namespace carillon::bench {
namespace {

constexpr std::string_view kWebSocketChannel = "orion.news";
constexpr std::string_view kStreamChannel = "media.news";  // as long
constexpr std::string_view kStreamPath = "/events";
constexpr std::string_view kMarker = R"("payload":)";
constexpr std::size_t kWebSocketHeader = 4;
constexpr std::string_view kStreamField = "data: ";
constexpr std::string_view kStreamEnd = "\n\n";

// As long as it takes to make the WebSocket frame kFrameBytes.
const std::string& body() {
  static const std::string text =
      R"({"text":")" +
      padding_for(R"({"channel":"orion.news","payload":{"text":""},"timestamp":"2026-01-01T00:00:00Z"})") +
      R"("})";
  return text;
}

double per_delivery_us(std::int64_t ns, double deliveries) {
  return static_cast<double>(ns) / 1000 / deliveries;
}

}  // namespace

std::size_t TransportsBench::stream_frame_bytes() {
  return kFrameBytes - kWebSocketHeader + kStreamField.size() + kStreamEnd.size();
}

std::string TransportsBench::endpoints() {
  return endpoint_of(kBroadcastProfile) + endpoint_of(kBroadcastProfile, R"(name = "streams"
path = "/events"
source.channels = ["media.*"]
transports = ["sse"]
keepalive.stream = "1h"
)");
}

std::vector<std::string> TransportsBench::stream_options() {
  return {"--path", std::string(kStreamPath), "--stream-marker", std::string(kMarker)};
}

std::function<void()> TransportsBench::publish(std::string_view channel, std::uint32_t events) {
  return [this, channel, events] {
    gateway::Router& router = websockets_.gateway().router();
    for (std::uint32_t i = 0; i < events; ++i) router.on_event(Event{channel, body()});
    router.on_batch_end();
  };
}

// Proves that the events of a client leave in one write.
Result<std::monostate> TransportsBench::learn(Phases& phases, std::string_view channel, std::uint32_t pending,
                                              Side& side) {
  const auto notes = phases.learn(pending, publish(channel, pending));
  if (!notes) return tl::unexpected(notes.error());
  side.bytes_a_write = notes->bytes.size();
  return std::monostate{};
}

Result<std::monostate> TransportsBench::measure(Phases& phases, std::string_view channel,
                                                std::uint32_t pending, Side& side) {
  const std::uint64_t deliveries = std::uint64_t{phases.clients()} * pending;
  const auto phase = phases.engine(deliveries, publish(channel, pending));
  if (!phase) return tl::unexpected(phase.error());
  const auto count = static_cast<double>(deliveries);
  side.cpu_us.push_back(per_delivery_us(phase->span.cpu_ns, count));
  side.sweeping_us.push_back(per_delivery_us(phase->span.cpu_ns - phase->publishing.cpu_ns, count));
  side.writes = std::max(side.writes, phase->writes);
  return std::monostate{};
}

Result<std::string> TransportsBench::compare(std::uint32_t pending, std::uint32_t pairs) {
  Side websocket;
  Side stream;
  if (auto learned = learn(websockets_, kWebSocketChannel, pending, websocket); !learned)
    return tl::unexpected(learned.error());
  if (auto learned = learn(streams_, kStreamChannel, pending, stream); !learned)
    return tl::unexpected(learned.error());
  for (std::uint32_t i = 0; i < pairs * 2; ++i) {
    const auto measured = is_first_sides_turn(i) ? measure(websockets_, kWebSocketChannel, pending, websocket)
                                                 : measure(streams_, kStreamChannel, pending, stream);
    if (!measured) return tl::unexpected(measured.error());
  }
  std::string line;
  json::ObjectWriter object(line);
  object.member("row", "transports").member("clients", websockets_.clients()).member("pending", pending);
  object.member("pairs", pairs);
  object.member("websocket_write_bytes", websocket.bytes_a_write);
  object.member("stream_write_bytes", stream.bytes_a_write);
  object.member("websocket_writes", websocket.writes).member("stream_writes", stream.writes);
  add_spread(object, "websocket_cpu_us", spread_of(websocket.cpu_us));
  add_spread(object, "stream_cpu_us", spread_of(stream.cpu_us));
  add_spread(object, "websocket_sweeping_us", spread_of(websocket.sweeping_us));
  add_spread(object, "stream_sweeping_us", spread_of(stream.sweeping_us));
  add_spread(object, "ratio_of_pairs", spread_of(ratios(stream.cpu_us, websocket.cpu_us)));
  object.close();
  return line;
}

}  // namespace carillon::bench

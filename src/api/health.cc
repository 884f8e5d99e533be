#include "api/health.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "json/writer.h"

namespace carillon::api {
namespace {

std::string_view name_of(bus::BusState state) {
  switch (state) {
    case bus::BusState::connecting:
      return "connecting";
    case bus::BusState::up:
      return "up";
    case bus::BusState::down:
      break;
  }
  return "down";
}

std::string bus_object(const gateway::Gateway& gateway, const bus::BusStatus& status, const Moment& now) {
  std::string text;
  json::ObjectWriter writer(text);
  writer.member("url", gateway.bus_url());
  writer.member("state", name_of(status.state));
  writer.member("since", rfc3339_milliseconds(shown_time({status.since, status.since_mono}, now)));
  if (!status.detail.empty()) writer.member("detail", status.detail);
  writer.member("gaps", gateway.router().counters().bus_gaps.get());
  writer.close();
  return text;
}

// The members that endpoints ask for by name (health.connections), each with its live count.
void add_endpoints(json::ObjectWriter& writer, const gateway::Gateway& gateway) {
  std::vector<std::pair<std::string_view, std::uint64_t>> members;  // in the order of the endpoints
  for (std::size_t e = 0; e < gateway.endpoints().size(); ++e) {
    const std::string_view name = gateway.endpoints()[e].settings.health.connections;
    if (name.empty()) continue;
    std::uint64_t count = 0;
    for (std::size_t shard = 0; shard < gateway.shard_count(); ++shard) {
      count += gateway.shard_counters(shard).endpoints[e].connections.get();
    }
    const auto same =
        std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.first == name; });
    if (same == members.end()) {
      members.emplace_back(name, count);
    } else {
      same->second += count;
    }
  }
  for (const auto& [name, count] : members) writer.member(name, count);
}

}  // namespace

http::Response health_response(const gateway::Gateway& gateway, MonoTime started_at, const Moment& now) {
  const bus::BusStatus status = gateway.router().bus_status();
  const bool draining = gateway.draining();
  const std::string_view word = draining                            ? "shutting_down"
                                : status.state == bus::BusState::up ? "ok"
                                                                    : "degraded";
  http::Response response;
  response.status = draining ? 503 : 200;
  response.headers.emplace_back("Cache-Control", "no-store");
  json::ObjectWriter writer(response.body);
  writer.member("status", word);
  writer.member("version", CARILLON_VERSION);
  writer.member("uptime_s", std::chrono::duration_cast<seconds>(now.mono - started_at).count());
  writer.member("connections", gateway.connections());
  add_endpoints(writer, gateway);
  writer.raw_member("bus", bus_object(gateway, status, now));
  writer.close();
  return response;
}

http::Response ready_response(const gateway::Gateway& gateway) {
  const bus::BusStatus status = gateway.router().bus_status();
  const bool ready = !gateway.draining() && status.state == bus::BusState::up;
  http::Response response;
  response.status = ready ? 200 : 503;
  response.headers.emplace_back("Cache-Control", "no-store");
  json::ObjectWriter writer(response.body);
  writer.member("ready", ready);
  if (gateway.draining()) {
    writer.member("reason", "shutting down");
  } else if (!ready) {
    writer.member("reason", "the bus is " + std::string(name_of(status.state)));
  }
  writer.close();
  return response;
}

}  // namespace carillon::api

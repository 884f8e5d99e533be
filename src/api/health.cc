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

std::string bus_object(const gateway::Node& node, const bus::BusStatus& status, const Moment& now) {
  std::string text;
  json::ObjectWriter writer(text);
  writer.member("url", node.bus_url());
  writer.member("state", name_of(status.state));
  writer.member("since", rfc3339_milliseconds(shown_time({status.since, status.since_mono}, now)));
  if (!status.detail.empty()) writer.member("detail", status.detail);
  writer.member("gaps", node.router().counters().bus_gaps.get());
  writer.close();
  return text;
}

std::string reload_object(const ReloadStatus::Shown& reloads) {
  std::string text;
  json::ObjectWriter writer(text);
  if (reloads.succeeded_at) writer.member("succeeded", rfc3339_milliseconds(*reloads.succeeded_at));
  if (reloads.failed_at) writer.member("failed", rfc3339_milliseconds(*reloads.failed_at));
  if (!reloads.error.empty()) writer.member("error", reloads.error);
  writer.close();
  return text;
}

// The members that endpoints ask for by name (health.connections), each with its live count.
void add_endpoints(json::ObjectWriter& writer, const gateway::Node& node) {
  std::vector<std::pair<std::string_view, std::uint64_t>> members;  // in the order of the endpoints
  for (std::size_t e = 0; e < node.endpoints().size(); ++e) {
    const std::string_view name = node.endpoints()[e].settings.health.connections;
    if (name.empty()) continue;
    std::uint64_t count = 0;
    for (std::size_t shard = 0; shard < node.shard_count(); ++shard) {
      count += node.shard_counters(shard).endpoints[e].connections.get();
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

http::Response health_response(const gateway::Node& node, const ReloadStatus::Shown& reloads,
                               MonoTime started_at, const Moment& now) {
  const bus::BusStatus status = node.router().bus_status().get();
  const bool draining = node.draining();
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
  writer.member("connections", node.admission().connections());
  add_endpoints(writer, node);
  writer.raw_member("bus", bus_object(node, status, now));
  if (reloads.succeeded_at || reloads.failed_at) writer.raw_member("reload", reload_object(reloads));
  writer.close();
  return response;
}

http::Response ready_response(const gateway::Node& node) {
  const bus::BusStatus status = node.router().bus_status().get();
  const bool ready = !node.draining() && status.state == bus::BusState::up;
  http::Response response;
  response.status = ready ? 200 : 503;
  response.headers.emplace_back("Cache-Control", "no-store");
  json::ObjectWriter writer(response.body);
  writer.member("ready", ready);
  if (node.draining()) {
    writer.member("reason", "shutting down");
  } else if (!ready) {
    writer.member("reason", "the bus is " + std::string(name_of(status.state)));
  }
  writer.close();
  return response;
}

}  // namespace carillon::api

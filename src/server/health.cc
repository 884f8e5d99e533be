#include "server/health.h"

#include "json/writer.h"

namespace carillon::server {
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

std::string bus_object(const gateway::Gateway& gateway, const bus::BusStatus& status) {
  std::string text;
  json::ObjectWriter writer(text);
  writer.member("url", gateway.bus_url());
  writer.member("state", name_of(status.state));
  writer.member("since", rfc3339_milliseconds(status.since));
  if (!status.detail.empty()) writer.member("detail", status.detail);
  writer.member("gaps", gateway.router().counters().bus_gaps.get());
  writer.close();
  return text;
}

}  // namespace

http::Response health_response(const gateway::Gateway& gateway, WallTime started_at, WallTime now) {
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
  writer.member("uptime_s", std::chrono::duration_cast<seconds>(now - started_at).count());
  writer.member("connections", gateway.connections());
  writer.raw_member("bus", bus_object(gateway, status));
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

}  // namespace carillon::server

#include "client/incident_log.h"

#include <string>
#include <vector>

namespace carillon::client {

http::Redaction redaction_of(const config::Settings& settings) {
  std::vector<std::string> parameters;
  std::vector<std::string> headers;
  for (const config::EndpointSettings& endpoint : settings.endpoints) {
    for (const config::TokenPlace& place : endpoint.auth.sources) {
      if (place.source == config::TokenSource::query) parameters.push_back(place.name);
      if (place.source == config::TokenSource::header) headers.push_back(place.name);
    }
  }
  return {std::move(parameters), std::move(headers)};
}

std::optional<std::uint64_t> IncidentLog::admit(std::string_view kind, MonoTime now) {
  const auto suppressed_before = sampler_.admit(kind, now);
  if (!suppressed_before) suppressed_.add();
  return suppressed_before;
}

void IncidentLog::on_refusal(const RefusedRequest& request, MonoTime now) {
  // At debug level, those that sampling leaves out are written too.
  const auto suppressed = admit(request.reason, now);
  if (!suppressed && !log_.is_written(LogLevel::debug)) return;
  const std::string target = redaction_.target(request.target);
  const std::string client = request.client.text();
  log_.write(suppressed ? LogLevel::info : LogLevel::debug, "request refused",
             {{"reason", request.reason},
              {"status", std::int64_t{request.status}},
              {"endpoint", request.endpoint},
              {"target", std::string_view(target)},
              {"address", std::string_view(client)},
              {"detail", request.detail},
              {"suppressed", static_cast<std::int64_t>(suppressed.value_or(0))}});
}

void IncidentLog::on_close(const ClosedClient& client, MonoTime now) {
  const auto suppressed = admit(client.reason, now);
  if (!suppressed) return;
  log_.write(client.level, "connection closed",
             {{"reason", client.reason},
              {"endpoint", client.endpoint},
              {"user", client.user},
              {"address", std::string_view(client.address)},
              {"connectionId", client.connection_id},
              {"suppressed", static_cast<std::int64_t>(*suppressed)}});
}

void IncidentLog::on_literal_star(std::string_view channel, std::string_view endpoint, MonoTime now) {
  const auto suppressed = admit("literal_star", now);
  if (!suppressed) return;
  log_.write(
      LogLevel::debug, "a client subscribed to a channel whose name contains a literal *",
      {{"channel", channel}, {"endpoint", endpoint}, {"suppressed", static_cast<std::int64_t>(*suppressed)}});
}

}  // namespace carillon::client

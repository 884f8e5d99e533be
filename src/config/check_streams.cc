// What takes two settings to judge about Server-Sent Events and NDJSON.
#include "config/check.h"
#include "config/text.h"

namespace carillon::config {

void check_streams(const EndpointSettings& endpoint, const std::string& prefix, Report& report) {
  const auto fault = [&](std::string_view key, std::string_view message) {
    const std::string whole = cat({prefix, ".", key});
    if (!report.has_error_at(whole)) report.error(endpoint.origin_of(key), whole, message);
  };
  const StreamSettings& streams = endpoint.streams;
  const bool by_commands = endpoint.select.by == SelectBy::commands;
  if (!streams.channels.empty() && !by_commands) {
    fault(
        "select.streams",
        "has no use where clients subscribe to no channels; leave it out, or write select.by = \"commands\"");
  }
  if (!streams.has_streams()) return;
  const bool was_read = !report.has_error_at(prefix + ".frames.event");
  if (was_read && endpoint.frames.event.empty()) {
    fault("transports", "this endpoint has no events to stream; write [\"websocket\"], or frames.event");
  }
  if (by_commands && streams.channels.empty()) {
    fault("transports",
          "a client of \"sse\" or \"ndjson\" cannot send commands to subscribe with; write select.streams = "
          "\"query:channels\"");
  }
  if (streams.cors_credentials == Switch::on && endpoint.origins.size() == 1 && endpoint.origins[0] == "*") {
    fault(
        "cors.credentials",
        "\"on\" would let the pages of every site use the credentials of their visitors, because origins is "
        "[\"*\"]; list the origins, or write \"off\"");
  }
}

}  // namespace carillon::config

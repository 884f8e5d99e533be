#include "api/admin.h"

#include "api/refusals.h"
#include "base/time.h"
#include "json/writer.h"

namespace carillon::api {
namespace {

void write_texts(json::ArrayWriter writer, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) writer.element(text);
}

http::Response response_of(const ReloadReport& report) {
  http::Response response;
  response.status = report.errors.empty() ? 200 : 422;
  response.body = json_of(report);
  return response;
}

}  // namespace

std::string json_of(const ReloadReport& report) {
  std::string text;
  json::ObjectWriter writer(text);
  writer.member("reloaded", report.errors.empty());
  {
    json::ArrayWriter changes = writer.array("changes");
    for (const config::Change& change : report.changes) {
      json::ObjectWriter each = changes.object();
      each.member("key", change.key).member("before", change.before).member("now", change.now);
      each.member("applies_at", config::name_of(change.applies));
    }
  }
  write_texts(writer.array("warnings"), report.warnings);
  write_texts(writer.array("errors"), report.errors);
  writer.close();
  return text;
}

// The marker is made by the other process, of hexadecimal digits.
void Admin::offer_history(const AdminServer::Request& request, const AdminServer::Respond& respond) {
  constexpr std::string_view kMarker = "marker=";
  constexpr std::size_t kMarkerBytesMax = 64;
  const std::string_view query = request.query;
  const std::string_view marker = query.substr(std::min(query.size(), kMarker.size()));
  const bool is_good = query.starts_with(kMarker) && !marker.empty() && marker.size() <= kMarkerBytesMax &&
                       marker.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!is_good) return respond(refusal(400, "the query must be marker=HEX, at most 64 digits"));
  actions_.offer_history(std::string(marker), respond);
}

void Admin::handle(const AdminServer::Request& request, const AdminServer::Respond& respond) {
  const bool is_post = request.method == "POST";
  const bool is_takeover = request.path == "/v1/takeover" || request.path.starts_with("/v1/takeover/");
  if (request.path == "/v1/reload" || is_takeover) {
    if (!is_post) return respond(method_not_allowed("POST"));
    if (is_takeover && !request.is_local) return respond(refusal(403, "only over the control socket"));
    if (request.path == "/v1/takeover") return actions_.offer_sockets(respond);
    if (request.path == "/v1/takeover/history") return offer_history(request, respond);
    if (request.path == "/v1/takeover/finish") return actions_.hand_over(respond);
    if (is_takeover) return respond(refusal(404, "no such step of a takeover"));
    if (!request.query.empty() && request.query != "close=true") {
      return respond(
          refusal(400, "unknown query; there is ?close=true, which closes clients whose key is gone"));
    }
    const auto removed =
        request.query.empty() ? gateway::Node::Removed::stay : gateway::Node::Removed::are_closed;
    return actions_.reload(removed, [respond](const ReloadReport& report) { respond(response_of(report)); });
  }
  const bool is_read = request.method == "GET" || request.method == "HEAD";
  if (auto shown = api_.essential(request.path, {wall_now(), mono_now()})) {
    return respond(is_read ? std::move(*shown) : method_not_allowed("GET, HEAD"));
  }
  respond(refusal(404, "no such path; there are POST /v1/reload, GET /health, /ready and /metrics"));
}

}  // namespace carillon::api

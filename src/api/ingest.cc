#include "api/ingest.h"

#include <algorithm>
#include <vector>

#include "api/acknowledged_publish.h"
#include "api/cross_site.h"
#include "api/key_check.h"
#include "api/refusals.h"
#include "config/route_variables.h"
#include "event/channel_name.h"
#include "json/reader.h"
#include "json/writer.h"
#include "protocol/time_values.h"

namespace carillon::api {
namespace {

using json::TemplateValue;

tl::unexpected<IngestFault> fault(IngestRefusal reason, int status, std::string message) {
  return tl::unexpected(IngestFault{reason, status, std::move(message)});
}

tl::unexpected<IngestFault> bad_body(std::string message) {
  return fault(IngestRefusal::body, 400, std::move(message));
}

// `bytes` outlives what it returns.
Result<json::Value, IngestFault> read_body(const Route& route, std::string_view bytes) {
  const bool is_object = route.body == config::RouteBody::object;
  if (is_object && bytes.empty()) bytes = "{}";
  json::ParseOptions options;
  options.duplicates = json::Duplicates::allow;  // the sender's own affair
  options.bytes_max = bytes.size();              // server.body_bytes_max has bounded it
  const auto body = json::parse(bytes, options);
  if (!body) return bad_body("the body is not JSON: " + body.error().message());
  if (is_object && !body->is(json::Type::object)) {
    return bad_body("the body must be a JSON object, not " + std::string(json::name_of(body->type())));
  }
  return *body;
}

// The object's text with the member put first. `id` is raw JSON.
std::string with_id(json::Value object, std::string_view id) {
  const bool is_empty = object.members().begin() == object.members().end();
  std::string text = "{\"id\":";
  text += id;
  if (!is_empty) text += ',';
  text += object.raw().substr(1);
  return text;
}

Result<std::string, IngestFault> new_id(const Route& route, std::span<const std::string_view> parameters,
                                        const RandomBytes& random) {
  std::string raw;
  if (route.id == Route::Id::parameter) {
    json::append_string(raw, parameters[route.id_parameter]);
    return raw;
  }
  const auto uuid = make_uuid(random);
  if (!uuid) return fault(IngestRefusal::unavailable, 503, "no id can be made now");
  json::append_string(raw, *uuid);
  return raw;
}

struct RequestTexts {
  std::string_view body;
  std::string_view payload;
};

// In the order of config/route_variables.h; views into what was given.
std::vector<TemplateValue> values_of(const RequestTexts& of, const protocol::TimeValues& arrived_at,
                                     std::span<const std::string_view> parameters) {
  const auto id = json::Value::of_valid(of.payload).find("id");
  const auto named = arrived_at.after(std::array{TemplateValue::raw(of.body), TemplateValue::raw(of.payload),
                                                 TemplateValue::raw(id ? id->raw() : "null")});
  std::vector<TemplateValue> values(named.begin(), named.end());
  for (const std::string_view parameter : parameters) values.push_back(TemplateValue::string(parameter));
  return values;
}

Result<std::string, IngestFault> channel_for(const Route& route,
                                             std::span<const std::string_view> parameters) {
  std::string channel = route.channel.fill(parameters);
  // What load() has checked of a channel without parameters holds for one with them only here.
  const ChannelNameFault why = bus_channel_fault(channel);
  if (why == ChannelNameFault::reserved) {
    return fault(IngestRefusal::reserved_channel, 400, std::string(describe(why)));
  }
  if (why != ChannelNameFault::none) {
    return bad_body("the path makes no channel: " + std::string(describe(why)));
  }
  return channel;
}

}  // namespace

std::string_view name_of(IngestRefusal reason) {
  switch (reason) {
    case IngestRefusal::method:
      return "method_not_allowed";
    case IngestRefusal::draining:
      return "draining";
    case IngestRefusal::key:
      return "key";
    case IngestRefusal::cross_site:
      return "cross_site";
    case IngestRefusal::content_type:
      return "content_type";
    case IngestRefusal::body:
      return "body";
    case IngestRefusal::reserved_channel:
      return "reserved_channel";
    case IngestRefusal::event_too_long:
      return "event_too_long";
    case IngestRefusal::unavailable:
      return "unavailable";
    case IngestRefusal::bus_refused:
      return "bus_refused";
    case IngestRefusal::count:
      break;
  }
  return "";
}

Result<IngestedEvent, IngestFault> ingest(const Route& route, std::span<const std::string_view> parameters,
                                          std::string_view bytes, const IngestContext& context) {
  auto channel = channel_for(route, parameters);
  if (!channel) return tl::unexpected(channel.error());
  const auto body = read_body(route, bytes);
  if (!body) return tl::unexpected(body.error());

  std::string fresh_id;  // raw JSON; empty where the body has one, or needs none
  if (route.id != Route::Id::none && !body->find("id")) {
    auto made = new_id(route, parameters, context.random);
    if (!made) return tl::unexpected(made.error());
    fresh_id = std::move(*made);
  }
  const std::string payload = fresh_id.empty() ? std::string(body->raw()) : with_id(*body, fresh_id);
  const protocol::TimeValues arrived_at(context.now);
  const auto values = values_of({body->raw(), payload}, arrived_at, parameters);

  IngestedEvent made{std::move(*channel), {}, {}};
  if (!route.event.render_within(context.event_bytes_max, values, made.event)) {
    return fault(IngestRefusal::event_too_long, 413,
                 "the event would have more than " + std::to_string(context.event_bytes_max) + " bytes");
  }
  // The template's own nesting comes on top of the body's, and a deeper event would be dropped unheard.
  if (!json::is_valid(made.event)) return bad_body("the body is nested too deep for an event around it");
  const std::size_t answer_bytes_max = std::max(context.event_bytes_max, json::kTemplateBytesMax);
  if (!route.answer.render_within(answer_bytes_max, values, made.answer)) {
    return fault(IngestRefusal::event_too_long, 413,
                 "the answer would have more than " + std::to_string(answer_bytes_max) + " bytes");
  }
  return made;
}

http::Response Ingest::refused(IngestRefusal reason, http::Response response, std::string detail) {
  counters_.refused[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  response.refusal = http::RefusalNote{name_of(reason), std::move(detail)};
  return response;
}

namespace {

// The keys that a request brings: as Authorization: Bearer, as X-API-Key, or both.
std::vector<std::string_view> keys_in(const http::RequestHead& head) {
  std::vector<std::string_view> keys;
  if (const auto bearer = bearer_of(head)) keys.push_back(*bearer);
  if (head.count("X-API-Key") == 1) keys.push_back(head.header("X-API-Key").value_or(""));
  return keys;
}

// A web page of any origin may send a body of another type, or of none, without asking.
bool has_wrong_type(const http::RequestHead& head) {
  const bool has_body = head.body == http::BodyKind::chunked || head.content_length.value_or(0) > 0;
  return has_body && !is_json(head);
}

}  // namespace

client::HttpHandler::Judgement Ingest::judge(const http::RequestHead& head,
                                             const client::Requester& requester, gateway::Node* node) {
  const auto current = current_.get();
  const auto found = current->routes.find(head.method, head.path, head.raw_path);
  if (!found) return client::HttpHandler::NotMine{};
  if (!found->route) return refused(IngestRefusal::method, method_not_allowed(found->allowed));
  if (node->admission().draining()) return refused(IngestRefusal::draining, unavailable("shutting down"));
  const Secret& key = found->route->key;
  if (!key.empty()) {
    constexpr std::string_view kAdvice =
        "send the route's key as Authorization: Bearer <key>, or as X-API-Key";
    auto no = judge_key(keys_in(head), {&key, 1}, kAdvice, node->key_guesses(), requester);
    if (no) return refused(IngestRefusal::key, std::move(*no));
  }
  if (key.empty() && is_from_another_site(head, found->route->origins)) {
    return refused(
        IngestRefusal::cross_site,
        refusal(403, "a page of another site may not send this; list its origin in the route's origins"));
  }
  if (has_wrong_type(head)) {
    return refused(IngestRefusal::content_type, refusal(415, "send Content-Type: application/json"));
  }
  return client::HttpHandler::TakeBody{current->limits.body_bytes_max};
}

http::Response Ingest::refused(const IngestFault& why) {
  return refused(why.reason, why.status == 503 ? unavailable(why.message) : refusal(why.status, why.message),
                 why.message);
}

std::optional<http::Response> Ingest::handle(const http::RequestHead& head, std::string_view body,
                                             const client::Requester& requester, client::Responder later,
                                             gateway::Node& node) {
  const auto current = current_.get();
  const auto found = current->routes.find(head.method, head.path, head.raw_path);
  if (!found || !found->route)
    return refusal(404, "no such path");  // judge() found it; it was replaced since
  if (node.admission().draining()) return refused(IngestRefusal::draining, unavailable("shutting down"));
  auto made = ingest(*found->route, found->parameters, body,
                     {current->limits.event_bytes_max, requester.wall_now, random_});
  if (!made) return refused(made.error());
  http::Response answer;
  answer.status = found->route->status;
  answer.body = std::move(made->answer);
  const auto done = [this, later = std::move(later), answer = std::move(answer)](PublishOutcome outcome) {
    switch (outcome.verdict) {
      case PublishOutcome::Verdict::acknowledged:
        counters_.accepted.fetch_add(1, std::memory_order_relaxed);
        return later(answer);
      case PublishOutcome::Verdict::refused:
        return later(refused(IngestRefusal::bus_refused, refusal(502, "the bus refused the event")));
      case PublishOutcome::Verdict::unavailable:
        break;
    }
    constexpr std::string_view kWhy = "the bus is not available; the event may or may not be out";
    later(refused(IngestRefusal::unavailable, unavailable(kWhy)));
  };
  const bool is_carried = node.carries(made->channel);
  std::vector<PublishEvent> events;
  events.push_back({std::move(made->channel), std::move(made->event)});
  if (publish_acknowledged(node, std::move(events), {published_.latency, requester.now}, done)) {
    if (!is_carried) published_.unrouted.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  return refused(IngestRefusal::unavailable, unavailable("the bus is not available; nothing was published"));
}

}  // namespace carillon::api

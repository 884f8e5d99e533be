#include "api/publish.h"

#include "api/undelivered.h"
#include "event/channel_name.h"
#include "json/reader.h"
#include "json/writer.h"

namespace carillon::api {
namespace {

constexpr unsigned kBodyDepthMax = 130;  // what an event may be deep, and the batch around it

tl::unexpected<PublishFault> fault(int status, std::string message) {
  const auto reason = status == 413 ? PublishRefusal::too_large : PublishRefusal::body;
  return tl::unexpected(PublishFault{reason, status, std::move(message)});
}

// Names the element of a batch that is at fault.
std::string at_element(std::optional<std::size_t> element, std::string_view message) {
  return (element ? "event " + std::to_string(*element) + ": " : std::string()) + std::string(message);
}

Result<std::string, PublishFault> read_channel(json::Value value, std::optional<std::size_t> element) {
  auto channel = value.string();
  if (!channel) return fault(400, at_element(element, "\"channel\" must be a string"));
  if (const auto why = bus_channel_fault(*channel); why != ChannelNameFault::none) {
    return fault(400, at_element(element, "\"channel\": " + std::string(describe(why))));
  }
  return std::move(*channel);
}

Result<PublishEvent, PublishFault> read_event(json::Value value, std::optional<std::size_t> element,
                                              PublishLimits limits) {
  if (!value.is(json::Type::object)) {
    return fault(400, at_element(element, "expected an object with \"channel\" and \"data\""));
  }
  std::optional<json::Value> channel;
  std::optional<json::Value> data;
  for (const json::Member& member : value.members()) {
    const bool is_channel = member.named("channel");
    if (!is_channel && !member.named("data")) {
      return fault(400, at_element(element, "only \"channel\" and \"data\" are known here"));
    }
    std::optional<json::Value>& slot = is_channel ? channel : data;
    if (slot) return fault(400, at_element(element, "a member is given twice"));
    slot = member.value;
  }
  if (!channel) return fault(400, at_element(element, "\"channel\" is missing"));
  if (!data) return fault(400, at_element(element, "\"data\" is missing"));
  auto name = read_channel(*channel, element);
  if (!name) return tl::unexpected(name.error());
  if (data->raw().size() > limits.event_bytes_max) {
    return fault(
        413, at_element(element, "\"data\" is over " + std::to_string(limits.event_bytes_max) + " bytes"));
  }
  return PublishEvent{std::move(*name), std::string(data->raw())};
}

http::Response not_all_published(std::size_t published) {
  std::string body;
  json::ObjectWriter writer(body);
  writer.member("message", "the bus is not available; what is not counted may or may not be out");
  writer.member("published", published);
  writer.close();
  http::Response response;
  response.status = 503;
  response.headers.emplace_back("Retry-After", "1");
  response.body = std::move(body);
  return response;
}

void write_undelivered(json::ObjectWriter& writer, const Undelivered& undelivered) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(UndeliveredReason::count); ++i) {
    const auto reason = static_cast<UndeliveredReason>(i);
    const auto& channels = undelivered.channels(reason);
    if (channels.empty()) continue;
    json::ArrayWriter names = writer.array(name_of(reason));
    for (const std::string& name : channels) names.element(name);
    names.close();
  }
}

http::Response answer_of(PublishOutcome outcome, PublishCounters& counters, const Undelivered& undelivered) {
  if (outcome.verdict == PublishOutcome::Verdict::unavailable) {
    return refused(counters, PublishRefusal::unavailable, not_all_published(outcome.accepted));
  }
  const bool is_refused = outcome.verdict == PublishOutcome::Verdict::refused;
  std::string body;
  json::ObjectWriter writer(body);
  if (is_refused) writer.member("message", "the bus refused an event");
  writer.member("published", outcome.accepted);
  write_undelivered(writer, undelivered);
  writer.close();
  http::Response response;
  response.status = is_refused ? 502 : 200;
  response.body = std::move(body);
  return is_refused ? refused(counters, PublishRefusal::bus_refused, std::move(response)) : response;
}

}  // namespace

Result<std::vector<PublishEvent>, PublishFault> read_publish_body(std::string_view body,
                                                                  PublishLimits limits) {
  json::ParseOptions options;
  options.duplicates = json::Duplicates::allow;  // those inside `data` are the publisher's own affair
  options.depth_max = kBodyDepthMax;
  options.bytes_max = body.size();  // server.body_bytes_max has bounded it
  const auto parsed = json::parse(body, options);
  if (!parsed) return fault(400, "the body is not JSON: " + parsed.error().message());
  std::vector<PublishEvent> events;
  if (!parsed->is(json::Type::array)) {
    auto event = read_event(*parsed, std::nullopt, limits);
    if (!event) return tl::unexpected(event.error());
    events.push_back(std::move(*event));
    return events;
  }
  for (const json::Value& element : parsed->elements()) {
    if (events.size() == limits.batch_max) {
      return fault(413, "more than " + std::to_string(limits.batch_max) + " events in one request");
    }
    auto event = read_event(element, events.size(), limits);
    if (!event) return tl::unexpected(event.error());
    events.push_back(std::move(*event));
  }
  if (events.empty()) return fault(400, "no event in the array");
  return events;
}

std::string_view name_of(PublishRefusal reason) {
  switch (reason) {
    case PublishRefusal::method:
      return "method_not_allowed";
    case PublishRefusal::off:
      return "off";
    case PublishRefusal::key:
      return "key";
    case PublishRefusal::wrong_keys:
      return "wrong_keys";
    case PublishRefusal::content_type:
      return "content_type";
    case PublishRefusal::body:
      return "body";
    case PublishRefusal::too_large:
      return "too_large";
    case PublishRefusal::unavailable:
      return "unavailable";
    case PublishRefusal::bus_refused:
      return "bus_refused";
    case PublishRefusal::count:
      break;
  }
  return "";
}

http::Response refused(PublishCounters& counters, PublishRefusal reason, http::Response response,
                       std::string detail) {
  counters.refused[static_cast<std::size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  response.refusal = http::RefusalNote{name_of(reason), std::move(detail)};
  return response;
}

std::optional<http::Response> publish(gateway::Node& node, PublishCounters& counters,
                                      std::vector<PublishEvent> events, MonoTime now,
                                      client::Responder later) {
  auto undelivered = Undelivered::of(events, node.endpoints());
  const std::size_t events_unrouted = undelivered.events_unrouted();
  const bool begun =
      publish_acknowledged(node, std::move(events), {counters.latency, now},
                           [&counters, undelivered = std::move(undelivered), later = std::move(later)](
                               PublishOutcome outcome) { later(answer_of(outcome, counters, undelivered)); });
  if (!begun) return refused(counters, PublishRefusal::unavailable, not_all_published(0));
  counters.unrouted.fetch_add(events_unrouted, std::memory_order_relaxed);
  return std::nullopt;
}

}  // namespace carillon::api

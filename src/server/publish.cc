#include "server/publish.h"

#include "event/channel_name.h"
#include "json/reader.h"
#include "json/writer.h"

namespace carillon::server {
namespace {

constexpr unsigned kBodyDepthMax = 130;  // what an event may be deep, and the batch around it

tl::unexpected<PublishFault> fault(int status, std::string message) {
  return tl::unexpected(PublishFault{status, std::move(message)});
}

// Names the element of a batch that is at fault.
std::string at_element(std::optional<std::size_t> element, std::string_view message) {
  return (element ? "event " + std::to_string(*element) + ": " : std::string()) + std::string(message);
}

Result<std::string, PublishFault> read_channel(json::Value value, std::optional<std::size_t> element) {
  auto channel = value.string();
  if (!channel) return fault(400, at_element(element, "\"channel\" must be a string"));
  if (const auto why = bus_channel_fault(*channel); why != ChannelNameFault::none) {
    return fault(400, at_element(element, "\"channel\" " + std::string(describe(why))));
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

http::Response answer_of(PublishOutcome outcome) {
  if (outcome.verdict == PublishOutcome::Verdict::unavailable) return not_all_published(outcome.accepted);
  const bool refused = outcome.verdict == PublishOutcome::Verdict::refused;
  std::string body;
  json::ObjectWriter writer(body);
  if (refused) writer.member("message", "the bus refused an event");
  writer.member("published", outcome.accepted);
  writer.close();
  http::Response response;
  response.status = refused ? 502 : 200;
  response.body = std::move(body);
  return response;
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

std::optional<http::Response> publish(gateway::Gateway& gateway, std::vector<PublishEvent> events,
                                      gateway::Responder later) {
  const bool begun =
      publish_acknowledged(gateway, std::move(events),
                           [later = std::move(later)](PublishOutcome outcome) { later(answer_of(outcome)); });
  if (!begun) return not_all_published(0);
  return std::nullopt;
}

}  // namespace carillon::server

#include "server/publish.h"

#include <memory>

#include "event/channel_name.h"
#include "json/reader.h"
#include "json/writer.h"

namespace carillon::server {
namespace {

// Channels that the gateway speaks to itself on.
constexpr std::string_view kReservedPrefix = "carillon.";
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
  if (const auto why = channel_name_fault(*channel); why != ChannelNameFault::none) {
    return fault(400, at_element(element, "\"channel\" " + std::string(describe(why))));
  }
  if (channel->starts_with(kReservedPrefix)) {
    return fault(400, at_element(element, "channels that begin with \"carillon.\" are reserved"));
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

// What is still to be acknowledged of one request. Lives on the bus's loop.
struct Pending {
  std::size_t waiting = 0;
  std::size_t accepted = 0;
  bool refused = false;
  bool unavailable = false;
  gateway::Responder later;
};

http::Response unavailable(std::size_t published) {
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

http::Response answer_of(const Pending& pending) {
  if (pending.unavailable) return unavailable(pending.accepted);
  std::string body;
  json::ObjectWriter writer(body);
  if (pending.refused) writer.member("message", "the bus refused an event");
  writer.member("published", pending.accepted);
  writer.close();
  http::Response response;
  response.status = pending.refused ? 502 : 200;
  response.body = std::move(body);
  return response;
}

void note(Pending& pending, bus::PublishResult result) {
  switch (result) {
    case bus::PublishResult::accepted:
      ++pending.accepted;
      break;
    case bus::PublishResult::refused:
      pending.refused = true;
      break;
    case bus::PublishResult::unavailable:
    case bus::PublishResult::timed_out:
      pending.unavailable = true;
      break;
  }
  if (--pending.waiting == 0) pending.later(answer_of(pending));
}

}  // namespace

Result<std::vector<PublishEvent>, PublishFault> read_publish_body(std::string_view body,
                                                                  PublishLimits limits) {
  json::ParseOptions options;
  options.duplicates = json::Duplicates::allow;  // those inside `data` are the publisher's own affair
  options.depth_max = kBodyDepthMax;
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
  // Acknowledge nothing that a broken bus would lose.
  if (!gateway.router().bus_is_up()) return unavailable(0);
  const bool posted = gateway.on_bus([events = std::move(events), later](bus::Bus& bus) {
    auto pending = std::make_shared<Pending>();
    pending->waiting = events.size();
    pending->later = later;
    for (const PublishEvent& event : events) {
      bus.publish(event.channel, event.data,
                  [pending](bus::PublishResult result) { note(*pending, result); });
    }
  });
  if (!posted) return unavailable(0);
  return std::nullopt;
}

}  // namespace carillon::server

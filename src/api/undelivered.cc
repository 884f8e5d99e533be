#include "api/undelivered.h"

#include <optional>
#include <unordered_set>

#include "json/outline.h"

namespace carillon::api {
namespace {

using protocol::NotTaken;

constexpr auto kReasons = static_cast<std::size_t>(UndeliveredReason::count);

// Returns why no client can receive the event, or nothing when one can.
std::optional<UndeliveredReason> reason_of(const PublishEvent& event,
                                           const protocol::EndpointTable& endpoints) {
  json::Outline body(event.data);
  auto reason = UndeliveredReason::unrouted;
  for (const protocol::Endpoint& endpoint : endpoints) {
    if (!endpoint.receives_events()) continue;
    const auto match = endpoint.source.match(event.channel);
    if (!match) continue;
    const auto audience = endpoint.source.judge(*match, body);
    if (audience) return std::nullopt;
    // An endpoint that accepts the body is the one that the publisher meant.
    if (reason == UndeliveredReason::not_selectable) continue;
    reason = audience.error() == NotTaken::unfit ? UndeliveredReason::requirement_failed
                                                 : UndeliveredReason::not_selectable;
  }
  return reason;
}

}  // namespace

std::string_view name_of(UndeliveredReason reason) {
  switch (reason) {
    case UndeliveredReason::unrouted:
      return "unrouted";
    case UndeliveredReason::requirement_failed:
      return "requirement_failed";
    case UndeliveredReason::not_selectable:
      return "not_selectable";
    case UndeliveredReason::count:
      break;
  }
  return "";
}

Undelivered Undelivered::of(const std::vector<PublishEvent>& events,
                            const protocol::EndpointTable& endpoints) {
  Undelivered all;
  std::array<std::unordered_set<std::string_view>, kReasons> known;
  for (const PublishEvent& event : events) {
    const auto reason = reason_of(event, endpoints);
    if (!reason) continue;
    const auto at = static_cast<std::size_t>(*reason);
    if (*reason == UndeliveredReason::unrouted) ++all.events_unrouted_;
    if (all.channels_[at].size() < kUndeliveredNamesMax && known[at].insert(event.channel).second)
      all.channels_[at].push_back(event.channel);
  }
  return all;
}

}  // namespace carillon::api

// Undelivered: which events of a publish request no client of this gateway can receive, and why.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/acknowledged_publish.h"
#include "protocol/endpoint_table.h"

namespace carillon::api {

// Why no client of this gateway can receive an event.
enum class UndeliveredReason : std::uint8_t {
  unrouted,            // no endpoint carries the channel
  requirement_failed,  // the body fails source.require of every endpoint that carries the channel
  not_selectable,      // an endpoint carries it, but no client can select its channel or value
  count
};
// The member of the response that lists the channels. The last two are also reasons of the log line "event
// dropped".
std::string_view name_of(UndeliveredReason reason);

// Maximum number of channels that a response lists for each reason; only the first ones are listed.
inline constexpr std::size_t kUndeliveredNamesMax = 100;

// Undelivered: the channels of the events of one request that no client here can receive. They are published
// nevertheless, because another gateway may receive them from the same bus.
//
// Pure; any thread. At most kUndeliveredNamesMax names for each reason.
class Undelivered {
 public:
  // Judges each event as the Router will. `data` of the events is valid JSON.
  static Undelivered of(const std::vector<PublishEvent>& events, const protocol::EndpointTable& endpoints);

  // The channels for this reason, each once, in the order of the request.
  const std::vector<std::string>& channels(UndeliveredReason reason) const {
    return channels_[static_cast<std::size_t>(reason)];
  }
  // The number of events for channels that no endpoint carries.
  std::size_t events_unrouted() const { return events_unrouted_; }

 private:
  std::array<std::vector<std::string>, static_cast<std::size_t>(UndeliveredReason::count)> channels_;
  std::size_t events_unrouted_ = 0;
};

}  // namespace carillon::api

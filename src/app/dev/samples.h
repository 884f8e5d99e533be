// The sample events of `carillon dev`: those of the built-in protocols where an endpoint receives them, and
// for a protocol of the user's own one that its source accepts.
//
// Pure; thread: any, one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ref.h"
#include "base/time.h"
#include "protocol/endpoint.h"

namespace carillon::app {

// An event for the bus.
struct Sample {
  std::string channel;
  std::string data;          // JSON
  std::string line() const;  // as POST /v1/publish takes it
};

// Whether the endpoint sends this event to some clients.
bool accepts(const protocol::Endpoint& endpoint, const Sample& sample);

// Makes an event for the first pattern of the endpoint's source, with the members that source.require and
// frames.event name. `number` makes each event differ from the one before. Nothing when the source would not
// accept it.
std::optional<Sample> make_sample(const protocol::Endpoint& endpoint, std::uint64_t number);

// A value that a client without a list of its own receives, where clients select values.
std::string selected_value(const config::SelectSettings& select);

// The endpoint's path for a client that receives its sample events: a parameter is replaced by a value.
std::string sample_path(const config::EndpointSettings& endpoint);

// Samples: which events are published in each second: one for each endpoint, or fewer where several
// endpoints receive the same.
class Samples {
 public:
  static constexpr std::size_t kExamplesMax = 16;
  using Endpoints = std::vector<Ref<const protocol::Endpoint>>;
  explicit Samples(const Endpoints& endpoints);

  // `now`: the time that stands in the events, of these and of the examples.
  std::vector<Sample> next(WallTime now);
  // An example for the endpoint with this name. Nothing: it gets no samples.
  std::optional<Sample> example_of(std::string_view name, WallTime now) const;
  // Different events for the endpoint, at most kExamplesMax of different channels.
  std::vector<Sample> examples_of(std::string_view name, WallTime now) const;
  // A channel that a client of the endpoint can subscribe to by command, and that has an example if one has.
  // Nothing: its clients do not subscribe.
  std::optional<std::string> channel_of(std::string_view name) const;
  // Whether this is the first of the built-in events.
  static bool is_opening(const Sample& sample);

 private:
  struct Cycle {
    Ref<const protocol::Endpoint> endpoint;
    std::vector<Sample> events;  // of the built-in ones; empty: they are made
    bool has_own = false;        // no other endpoint receives these
    std::size_t next = 0;
  };
  const Cycle* find(std::string_view name) const;
  static std::optional<Sample> take(Cycle& cycle, std::uint64_t number);

  std::vector<Cycle> cycles_;
  std::uint64_t number_ = 0;
};

}  // namespace carillon::app

// Publishing with a reliable result: it is reported once the bus has acknowledged every event, or once it is
// certain that it has not. The publish API and the ingest routes both use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "gateway/node.h"

namespace carillon::api {

// One event to publish.
struct PublishEvent {
  std::string channel;
  std::string data;  // raw JSON, byte for byte as received
};

// The result of publishing several events.
struct PublishOutcome {
  enum class Verdict : std::uint8_t {
    acknowledged,  // the bus acknowledged all events
    refused,       // the bus refused at least one event; it acknowledged or refused each of the others
    unavailable    // events that `accepted` does not count may or may not have been published
  };
  Verdict verdict = Verdict::acknowledged;
  std::size_t accepted = 0;
};

// Where the time until the acknowledgement is counted, from `began` on. The bus's loop adds to `latency`,
// which outlives the gateway.
struct PublishTiming {
  Histogram& latency;
  MonoTime began;
};

// Publishes one or more events, in order. Calls `done` once, on the bus's loop. Returns false, and never
// calls `done`, when the bus is not up or its queue is full; then nothing was published. May be called on any
// thread.
[[nodiscard]] bool publish_acknowledged(gateway::Node& node, std::vector<PublishEvent> events,
                                        const PublishTiming& timing,
                                        std::function<void(PublishOutcome)> done);

}  // namespace carillon::api

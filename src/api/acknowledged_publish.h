// Publishing so that an answer can be trusted: it is given when the bus has acknowledged every event,
// or when it is certain that it has not. The publish API and the ingest routes both answer through it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gateway/gateway.h"

namespace carillon::api {

struct PublishEvent {
  std::string channel;
  std::string data;  // raw JSON, byte for byte as it was written
};

struct PublishOutcome {
  enum class Verdict : std::uint8_t {
    acknowledged,  // all of them
    refused,       // the bus said no to one at least, and took or refused the others
    unavailable    // what is not counted may or may not be out
  };
  Verdict verdict = Verdict::acknowledged;
  std::size_t accepted = 0;
};

// Publishes at least one event, in order. `done` is called once, on the bus's loop. False, and never a
// call: the bus is not up, or too much waits for it already; nothing was published. Any thread.
[[nodiscard]] bool publish_acknowledged(gateway::Gateway& gateway, std::vector<PublishEvent> events,
                                        std::function<void(PublishOutcome)> done);

}  // namespace carillon::api

// EventPublisher: passes an event that a client publishes to the bus, which runs on another loop.
#pragma once

#include <functional>
#include <string>

#include "bus/bus.h"

namespace carillon::client {

// Thread: every shard's thread calls these methods concurrently.
class EventPublisher {
 public:
  // Publishes the event; `done` is called once, on the bus's thread. Returns false, and never calls `done`,
  // when too many events wait for the bus.
  virtual bool publish(std::string channel, std::string body,
                       std::function<void(bus::PublishResult)> done) = 0;

 protected:
  ~EventPublisher() = default;
};

}  // namespace carillon::client

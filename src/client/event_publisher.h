// EventPublisher: how a shard gives an event of a client's to the bus, which lives on another loop.
#pragma once

#include <functional>
#include <string>

#include "bus/bus.h"

namespace carillon::client {

class EventPublisher {
 public:
  // `done` is called once, on the bus's thread. False, and it is never called: too much waits there already.
  virtual bool publish(std::string channel, std::string body,
                       std::function<void(bus::PublishResult)> done) = 0;

 protected:
  ~EventPublisher() = default;  // any shard's thread
};

}  // namespace carillon::client

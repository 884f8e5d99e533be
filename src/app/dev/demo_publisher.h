#pragma once

#include "app/dev/samples.h"
#include "gateway/gateway.h"

namespace carillon::app {

// DemoPublisher: publishes the sample events of each second through the bus, like any back-end service.
//
// Thread: the main loop's, from start() on. Must be destroyed after the loop has stopped.
class DemoPublisher {
 public:
  DemoPublisher(gateway::Gateway& gateway, Samples samples)
      : gateway_(gateway), samples_(std::move(samples)) {}
  void start();

 private:
  void publish_next();

  gateway::Gateway& gateway_;
  Samples samples_;
};

}  // namespace carillon::app

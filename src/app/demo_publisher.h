#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/gateway.h"

namespace carillon::app {

// DemoPublisher: publishes the sample events that are embedded in the binary, one per second in a cycle,
// through the bus like any back-end service.
//
// Thread: the main loop's, from start() on. Must be destroyed after the loop has stopped.
class DemoPublisher {
 public:
  explicit DemoPublisher(gateway::Gateway& gateway);
  void start();
  // The first event, as an example to paste.
  struct Example {
    std::string line;  // as POST /v1/publish takes it
    std::string channel;
  };
  Example example() const { return {lines_.front(), events_.front().channel}; }

 private:
  struct Event {
    std::string channel;
    std::string data;
  };
  void publish_next();

  gateway::Gateway& gateway_;
  std::vector<std::string> lines_;
  std::vector<Event> events_;
  std::size_t next_ = 0;
};

}  // namespace carillon::app

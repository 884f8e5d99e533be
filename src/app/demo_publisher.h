// DemoPublisher: plays the sample events that are embedded in the binary, one a second, round and
// round, through the bus like any back-end service would.
//
// Thread: the main loop's, from start() on. Destroyed after the loop has stopped.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gateway/gateway.h"

namespace carillon::app {

class DemoPublisher {
 public:
  explicit DemoPublisher(gateway::Gateway& gateway);
  void start();
  // The first event, for an example to paste.
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

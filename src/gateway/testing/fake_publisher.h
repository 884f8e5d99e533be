// FakePublisher: keeps what clients publish; the test decides when and how the bus answers. For tests.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "client/event_publisher.h"

namespace carillon::gateway::testing {

class FakePublisher final : public client::EventPublisher {
 public:
  struct Published {
    std::string channel;
    std::string body;
    std::function<void(bus::PublishResult)> done;
  };
  bool publish(std::string channel, std::string body, std::function<void(bus::PublishResult)> done) override {
    if (is_full) return false;
    published.push_back({std::move(channel), std::move(body), std::move(done)});
    return true;
  }
  bool is_full = false;
  std::vector<Published> published;
};

}  // namespace carillon::gateway::testing

#include "app/demo_publisher.h"

#include <string_view>

#include "json/reader.h"

namespace carillon::app {

// src/app/demo_events.jsonl: one {"channel", "data"} a line.
std::string_view demo_events();

namespace {

constexpr auto kEvery = seconds(1);

}  // namespace

DemoPublisher::DemoPublisher(gateway::Gateway& gateway) : gateway_(gateway) {
  std::string_view text = demo_events();
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    const json::Value event = json::Value::of_valid(line);
    lines_.emplace_back(line);
    events_.push_back({event.find("channel")->string().value(), std::string(event.find("data")->raw())});
  }
}

void DemoPublisher::start() {
  gateway_.main_loop().call_after(kEvery, [this] {
    publish_next();
    start();
  });
}

void DemoPublisher::publish_next() {
  const Event& event = events_[next_];
  next_ = (next_ + 1) % events_.size();
  // A bus that is away just now misses a sample event; its state is on the screen's /health.
  gateway_.node().on_bus(
      [&event](bus::Bus& bus) { bus.publish(event.channel, event.data, [](bus::PublishResult) {}); });
}

}  // namespace carillon::app

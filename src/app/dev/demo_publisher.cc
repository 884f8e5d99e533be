#include "app/dev/demo_publisher.h"

namespace carillon::app {
namespace {

constexpr auto kEvery = seconds(1);

}  // namespace

void DemoPublisher::start() {
  gateway_.main_loop().call_after(kEvery, [this] {
    publish_next();
    start();
  });
}

void DemoPublisher::publish_next() {
  // A bus that is away just now misses a sample event; its state is on the screen's /health.
  gateway_.node().on_bus([samples = samples_.next(wall_now())](bus::Bus& bus) {
    for (const Sample& each : samples) bus.publish(each.channel, each.data, [](bus::PublishResult) {});
  });
}

}  // namespace carillon::app

#include "api/acknowledged_publish.h"

#include <memory>
#include <utility>

#include "base/soft_allocation.h"

namespace carillon::api {
namespace {

using Verdict = PublishOutcome::Verdict;

// What is still to be acknowledged of one request. Lives on the bus's loop.
struct Pending {
  std::size_t waiting = 0;
  PublishOutcome outcome;
  std::function<void(PublishOutcome)> done;
};

void note(Pending& pending, bus::PublishResult result) {
  PublishOutcome& outcome = pending.outcome;
  switch (result) {
    case bus::PublishResult::accepted:
      ++outcome.accepted;
      break;
    case bus::PublishResult::refused:
      if (outcome.verdict == Verdict::acknowledged) outcome.verdict = Verdict::refused;
      break;
    case bus::PublishResult::unavailable:
    case bus::PublishResult::timed_out:
      outcome.verdict = Verdict::unavailable;
      break;
  }
  if (--pending.waiting == 0) pending.done(outcome);
}

}  // namespace

bool publish_acknowledged(gateway::Node& node, std::vector<PublishEvent> events, const PublishTiming& timing,
                          std::function<void(PublishOutcome)> done) {
  // Acknowledge nothing that a broken bus would lose.
  if (!node.router().bus_status().is_up()) return false;
  reactor::Loop& loop = node.loop(0);
  return node.on_bus([events = std::move(events), done = std::move(done), timing, &loop](bus::Bus& bus) {
    auto pending = std::make_shared<Pending>();
    pending->waiting = events.size();
    pending->done = [done, timing, &loop](PublishOutcome outcome) {
      if (outcome.verdict == Verdict::acknowledged) timing.latency.add(loop.now() - timing.began);
      done(outcome);
    };
    for (const PublishEvent& event : events) {
      const auto publish = [&] {
        bus.publish(event.channel, event.data,
                    [pending](bus::PublishResult result) { note(*pending, result); });
      };
      if (!try_allocate(event.data.size(), publish)) note(*pending, bus::PublishResult::unavailable);
    }
  });
}

}  // namespace carillon::api

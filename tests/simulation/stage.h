// Stage: everything that is in one simulation: the nodes, their clients, the broker between them, and the
// one clock and the one pair of dice of all of it. Destroyed from the last member to the first.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "client.h"
#include "dice.h"
#include "node_slot.h"
#include "trace.h"
#include "virtual_broker.h"
#include "virtual_sockets.h"

namespace carillon::simulation {

struct Stage {
  Stage(std::uint64_t seed, Trace::Lines lines)
      : dice(seed),
        trace(lines),
        sockets(clock, dice, trace,
                [this](int node) { return slots[static_cast<std::size_t>(node)]->fed(); }),
        broker(dice) {}
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  // One that the dice choose; null when no node runs there.
  NodeSlot* any_slot() {
    NodeSlot* const slot = slots[dice.below(static_cast<std::uint32_t>(slots.size()))].get();
    return slot->is_running() ? slot : nullptr;
  }

  Dice dice;
  Trace trace;
  VirtualClock clock;
  VirtualSockets sockets;
  VirtualBroker broker;
  std::vector<std::unique_ptr<NodeSlot>> slots;
  std::vector<std::unique_ptr<SimulatedClient>> clients;
};

}  // namespace carillon::simulation

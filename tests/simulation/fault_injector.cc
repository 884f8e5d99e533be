#include "fault_injector.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace carillon::simulation {

std::string_view name_of(Fault fault) {
  static constexpr std::string_view kNames[] = {
      "short writes", "blocked writes", "short reads", "reset",          "accept error",
      "late timers",  "slow clock",     "wall step",   "stall",          "drain",
      "new settings", "full inbox",     "burst",       "memory short",   "link drops",
      "silent link",  "slow link",      "duplicates",  "broker restart", "refused publish"};
  static_assert(std::size(kNames) == kFaults);
  return kNames[static_cast<std::size_t>(fault)];
}

// Each seed has some of the faults only: with all of them at once each would hide the others' effects.
FaultInjector::FaultInjector(Stage& stage, Actions actions) : stage_(stage), actions_(std::move(actions)) {
  const std::uint32_t share = stage_.dice.between(25, 90);
  for (int i = 0; i < kFaults; ++i) {
    if (stage_.dice.chance(share)) planned_.push_back(static_cast<Fault>(i));
  }
  if (planned_.empty()) planned_.push_back(Fault::short_writes);
}

void FaultInjector::inject() {
  const Fault fault = planned_[stage_.dice.below(static_cast<std::uint32_t>(planned_.size()))];
  NodeSlot* const slot = stage_.any_slot();
  if (!slot || slot->has_stopped()) return;
  ++count_;
  stage_.trace.note(stage_.clock.now, "fault", slot->view().number, name_of(fault));
  switch (fault) {
    case Fault::short_writes:
    case Fault::blocked_writes:
    case Fault::short_reads:
    case Fault::slow_clock:
      return do_to_sockets(fault);
    case Fault::reset:
    case Fault::wall_step:
    case Fault::burst:
      return do_to_clients(fault);
    case Fault::accept_error:
    case Fault::late_timers:
    case Fault::stall:
    case Fault::drain:
    case Fault::new_settings:
    case Fault::full_inbox:
    case Fault::memory_short:
      return do_to_node(fault, *slot);
    default:
      return do_to_link(fault, *slot);
  }
}

void FaultInjector::lasts_for_a_while() {
  end_at_ = std::max(end_at_, stage_.clock.now + milliseconds(stage_.dice.between(50, 3000)));
}

void FaultInjector::do_to_sockets(Fault fault) {
  Dice& dice = stage_.dice;
  SocketFaults& faults = stage_.sockets.faults;
  if (fault == Fault::short_writes) faults.short_writes = dice.between(5, 90);
  if (fault == Fault::blocked_writes) faults.blocked_writes = dice.between(5, 60);
  if (fault == Fault::short_reads) faults.short_reads = dice.between(5, 90);
  if (fault == Fault::slow_clock) faults.clock_cost_us = dice.between(10, 600);
  lasts_for_a_while();
  meet(fault, nullptr);
}

void FaultInjector::do_to_clients(Fault fault) {
  Dice& dice = stage_.dice;
  if (fault == Fault::wall_step) {
    stage_.clock.step_wall(milliseconds(static_cast<int>(dice.below(20'000)) - 10'000));
  } else if (fault == Fault::burst) {
    for (const auto& slot : stage_.slots) slot->view().had_burst = true;
    actions_.publish(static_cast<int>(dice.between(100, 800)), dice.between(100, 6000));
  } else {
    const auto& clients = stage_.clients;
    const SimulatedClient& client = *clients[dice.below(static_cast<std::uint32_t>(clients.size()))];
    if (client.is_gone() || client.wire().has_vanished()) return;
    met_.seeds[static_cast<std::size_t>(fault)][static_cast<std::size_t>(client.kind())] = 1;
    return stage_.sockets.reset(client.wire().fd(), "fault");
  }
  meet(fault, nullptr);
}

void FaultInjector::do_to_node(Fault fault, NodeSlot& slot) {
  Dice& dice = stage_.dice;
  const MonoTime now = stage_.clock.now;
  switch (fault) {
    case Fault::accept_error:
      fail_accepts(slot);
      break;
    case Fault::late_timers:
      for (std::size_t i = 0; i < slot.loops().size(); ++i) {
        slot.hold_shard_until(i, now + milliseconds(dice.below(300)));
      }
      break;
    case Fault::stall:
      slot.stall_until(now + milliseconds(dice.between(500, 4000)));
      break;
    case Fault::drain:
      if (!slot.view().draining) slot.begin_drain();
      break;
    case Fault::new_settings:
      if (const std::string problem = slot.change_settings(); !problem.empty()) actions_.fail(problem);
      break;
    case Fault::full_inbox:
      overfill_inbox(slot);
      break;
    default:
      slot.memory_used = dice.between(80, 99);
      slot.view().memory_was_short = true;
      lasts_for_a_while();
  }
  meet(fault, &slot);
}

void FaultInjector::fail_accepts(const NodeSlot& slot) {
  static constexpr int kErrors[] = {ECONNABORTED, EMFILE, ENFILE, EPERM, ENOMEM};
  for (const int listener : stage_.sockets.listeners_of(slot.view().number)) {
    stage_.sockets.fail_accepts(listener, kErrors[stage_.dice.below(std::size(kErrors))],
                                static_cast<int>(stage_.dice.between(1, 4)));
  }
}

// The first shard, which is the Router's, goes on; the others do not run.
void FaultInjector::overfill_inbox(NodeSlot& slot) {
  const auto pause = milliseconds(stage_.dice.between(20, 400));
  for (std::size_t i = 1; i < slot.loops().size(); ++i) {
    slot.hold_shard_until(i, stage_.clock.now + pause);
  }
  for (int i = 0; i < 80; ++i) {
    actions_.publish(1, 60);
    actions_.run_for(pause / 100);
  }
}

void FaultInjector::do_to_link(Fault fault, NodeSlot& slot) {
  Dice& dice = stage_.dice;
  VirtualBroker& broker = stage_.broker;
  lasts_for_a_while();
  const auto& links = broker.links();
  VirtualBus* const link =
      links.empty() ? nullptr : links[dice.below(static_cast<std::uint32_t>(links.size()))];
  meet(fault, fault == Fault::broker_restart ? nullptr : &slot);
  if (!link) return;
  switch (fault) {
    case Fault::duplicates:
      broker.duplicates_max = dice.between(1, 8);
      return link->drop(milliseconds(dice.between(1, 1000)));
    case Fault::link_drops:
      return link->drop(milliseconds(dice.between(1, 1000)));
    case Fault::silent_link:
      return link->go_silent(milliseconds(dice.between(100, 3000)));
    case Fault::broker_restart:
      return broker.restart(milliseconds(dice.between(1, 1000)));
    case Fault::slow_link:
      broker.delay_max = milliseconds(dice.between(10, 500));
      return;
    default:
      broker.refused_publishes = dice.between(20, 100);
  }
}

void FaultInjector::meet(Fault fault, const NodeSlot* slot) {
  for (const auto& client : stage_.clients) {
    if (slot && &client->node() != &slot->view()) continue;
    met_.seeds[static_cast<std::size_t>(fault)][static_cast<std::size_t>(client->kind())] = 1;
  }
}

void FaultInjector::end_due() {
  if (stage_.clock.now >= end_at_) end_all();
}

void FaultInjector::end_all() {
  stage_.sockets.faults = {};
  stage_.broker.delay_max = milliseconds(3);
  stage_.broker.duplicates_max = 0;
  stage_.broker.refused_publishes = 0;
  for (const auto& slot : stage_.slots) slot->memory_used = 10;
}

}  // namespace carillon::simulation

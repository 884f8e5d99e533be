// FaultInjector: does the faults of one seed to the nodes and their surroundings, and ends them again.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "faults.h"
#include "stage.h"

namespace carillon::simulation {

class FaultInjector {
 public:
  // What some faults need done: events published, and time passing.
  struct Actions {
    std::function<void(int events, std::uint32_t bytes_max)> publish;
    std::function<void(MonoClock::duration)> run_for;
    std::function<void(const std::string&)> fail;
  };

  // Chooses the faults of this seed.
  FaultInjector(Stage& stage, Actions actions);

  // One of them, now. Some last for a while.
  void inject();
  // Ends those whose time is over.
  void end_due();
  void end_all();

  std::uint64_t count() const { return count_; }
  const Meetings& met() const { return met_; }

 private:
  void do_to_sockets(Fault fault);
  void do_to_clients(Fault fault);
  void do_to_node(Fault fault, NodeSlot& slot);
  void do_to_link(Fault fault, NodeSlot& slot);
  void fail_accepts(const NodeSlot& slot);
  void overfill_inbox(NodeSlot& slot);
  void meet(Fault fault, const NodeSlot* slot);
  void lasts_for_a_while();

  Stage& stage_;
  const Actions actions_;
  std::vector<Fault> planned_;
  MonoTime end_at_{};
  std::uint64_t count_ = 0;
  Meetings met_;
};

}  // namespace carillon::simulation

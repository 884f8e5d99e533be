// Simulation: one seed from its first step to its end. One to three nodes, their clients and a broker, on one
// virtual clock and one thread; the dice choose what happens, and the oracle looks at everything after each
// step.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "fault_injector.h"
#include "faults.h"
#include "stage.h"

namespace carillon::simulation {

// What one seed came to.
struct Outcome {
  std::string failure;  // empty: nothing was wrong
  std::uint64_t hash = 0;
  std::uint64_t steps = 0;
  std::uint64_t faults = 0;
  std::uint64_t events_received = 0;
  std::uint64_t clients = 0;
  Meetings met;
  Answers answers;
  Notices notices;
};

class Simulation final : private ClientHost {
 public:
  static constexpr int kSteps = 2000;
  static constexpr std::uint64_t kFaultsMin = 5;  // of a seed

  Simulation(std::uint64_t seed, Trace::Lines lines);
  Outcome run();

 private:
  // --- ClientHost ---
  VirtualSockets& sockets() override { return stage_.sockets; }
  Dice& dice() override { return stage_.dice; }
  const VirtualClock& clock() const override { return stage_.clock; }
  void fail(const std::string& what) override;
  const std::string& channel_of(std::uint32_t serial) override { return channels_.at(serial); }
  std::uint32_t next_serial(const std::string& channel) override;
  void remember(Memory memory) override;
  const std::string& token(std::string_view claims) override;

  void step(int number);
  void choose_action();
  void arrive();
  void come_back();
  void add_client(NodeSlot& slot, Kind kind, Memory memory);
  void publish(int events, std::uint32_t bytes_max);
  void run_for(MonoClock::duration time);
  bool take_next_turn(MonoTime until);
  void note_changes();
  void remove_gone();
  void check();
  void renew_stopped();
  void finish();

  Stage stage_;
  FaultInjector faults_;
  std::vector<std::string> channels_{""};  // by serial
  std::map<std::string, std::string, std::less<>> tokens_;
  std::vector<Memory> memories_;  // of clients that may come back
  int clients_ever_ = 0;
  Outcome outcome_;
};

}  // namespace carillon::simulation

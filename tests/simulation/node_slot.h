// NodeSlot: one place for a node in a simulation, with the nodes that have stood in it one after the other.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "client_host.h"
#include "faults.h"
#include "gateway/node.h"
#include "gateway/testing/stub_http_handler.h"
#include "virtual_broker.h"
#include "virtual_loop.h"
#include "virtual_sockets.h"

namespace carillon::simulation {

// What surrounds all nodes.
struct Surroundings {
  VirtualClock& clock;
  Dice& dice;
  VirtualSockets& sockets;
  VirtualBroker& broker;
};

class NodeSlot {
 public:
  NodeSlot(Surroundings around, int number);
  ~NodeSlot();
  NodeSlot(const NodeSlot&) = delete;
  NodeSlot& operator=(const NodeSlot&) = delete;

  // A new node, with a configuration that the dice choose. The text of the first problem, where there is one.
  std::string start();
  void begin_drain();
  // The clients of the running node get other limits. Returns the problem, where there is one.
  std::string change_settings();
  // Its process ends.
  void end();
  // It is not running before `time`.
  void stall_until(MonoTime time);
  void hold_shard_until(std::size_t shard, MonoTime time);

  bool is_running() const { return node_ != nullptr; }
  bool has_stopped() const { return node_ && loops_.front()->stopped(); }
  gateway::Node& node() const { return *node_; }
  NodeView& view() const { return *views_.back(); }
  const std::vector<VirtualLoop*>& loops() const { return loops_; }
  void take_turn(std::size_t shard);
  std::uint64_t fed() const { return views_.back()->feed->size(); }
  // When a pause of this node last ended: no deadline of a client counts from before.
  MonoTime paused_until() const { return paused_until_; }
  // Whether it was paused in its drain, which may then end before its clients have gone.
  bool was_paused_in_drain() const { return paused_until_ > drain_began_; }

  std::uint64_t memory_used = 0;  // in percent of its limit
  // Of all nodes that have stood here.
  const Answers& answers() const { return answers_; }
  const Notices& notices() const { return notices_; }
  const std::string& configuration() const { return configuration_; }

 private:
  std::string write_configuration();
  void tighten(config::ServerSettings& server);
  gateway::World world();
  void note_inbox(std::size_t shard);
  void note_gaps(std::size_t shard, bool owed_gap);
  void count_answers();
  void count_notices();

  Surroundings around_;
  const int number_;
  std::string configuration_;
  NullLog log_;
  gateway::testing::StubHttpHandler http_;
  std::vector<std::unique_ptr<Feed>> feeds_;      // of all nodes that have stood here
  std::vector<std::unique_ptr<NodeView>> views_;  // likewise
  std::vector<VirtualLoop*> loops_;
  Answers answers_;
  Notices notices_;
  std::vector<std::uint64_t> taken_;  // by shard: what had been posted to it at its last turn
  std::unique_ptr<gateway::Node> node_;
  MonoTime paused_until_{};
  MonoTime drain_began_{};
};

}  // namespace carillon::simulation

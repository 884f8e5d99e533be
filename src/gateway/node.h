// Node: everything that serves clients, in one process: the shards, the Router and the bus. It creates no
// threads, makes no system calls for clients and has no random source of its own: all of these are passed in
// as a World.
//
// Thread: one thread creates, starts and destroys a node; loop 0 is that thread's. Calls marked "any thread"
// are safe from the others. The owner runs the loops: Gateway runs each on a thread of its own, a test or the
// simulator runs all of them on one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "bus/bus.h"
#include "client/sockets.h"
#include "config/settings.h"
#include "gateway/event_gate.h"
#include "gateway/history_handover.h"
#include "gateway/key_set_updater.h"
#include "gateway/memory_watch.h"
#include "gateway/node_drain.h"
#include "gateway/resume_desk.h"
#include "gateway/shard.h"

namespace carillon::gateway {

using LoopFactory = std::function<Result<std::unique_ptr<reactor::Loop>>()>;
using BusFactory =
    std::function<Result<std::unique_ptr<bus::Bus>>(bus::BusOptions, reactor::Loop&, bus::EventSink&, Log&)>;

// What surrounds a node. `sockets` outlives it.
struct World {
  LoopFactory make_loop;  // one for each shard; the first is also the bus's and the Router's
  client::Sockets& sockets;
  BusFactory make_bus;
  std::function<std::uint64_t()> random;  // 64 unpredictable bits; called from create() only
  std::function<MemoryUse()> memory_use;  // sampled about once a second, on loop 0
  std::uint64_t memory_limit_bytes = 0;   // what limits that are left to "auto" are computed from
  KeySetUpdater::MakeFetcher make_key_set_fetcher = {};    // called when a key set is to be fetched
  std::optional<InheritedNumbers> inherited_numbers = {};  // of the process that this one takes over from
};

// The kernel's loops and sockets, the bus that bus.url names, and the memory of this process.
World kernel_world(const config::Settings& settings);

// Formats the problems, one per line.
std::string text_of(const std::vector<config::Problem>& problems);

class Node final : private client::EventPublisher {
 public:
  // Compiles the endpoints and checks the keys: every error of a configuration comes from here. `handler` and
  // `log` outlive the node.
  static Result<std::unique_ptr<Node>> create(config::Settings settings, const World& world,
                                              client::HttpHandler& handler, Log& log);
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Connects to the bus and begins to sample memory. Before the loops run.
  void start();
  // Ends the run of every loop. Any thread.
  void stop();

  // Begins the drain (node_drain.h), which ends with the stop of the loops. Returns the window over which the
  // clients that are connected now would be closed. Loop 0's thread; call once.
  milliseconds begin_drain(const DrainTimes& times, DrainKind kind = DrainKind::shutdown) {
    return drain_->begin(times, kind);
  }

  // Has every shard use new settings; `done` is called once all of them do. Fails, and changes nothing, when
  // they do not compile. `settings` differs from settings() only in what a running process can change
  // (config::applicable). `tls_by_listen`: a context for each address of server.listen, null for a plain one.
  // Loop 0's thread.
  // `removed`: what happens to the clients whose key is gone.
  enum class Removed { stay, are_closed };
  Result<std::monostate> replace_settings(
      config::Settings settings, std::vector<std::shared_ptr<const reactor::TlsContext>> tls_by_listen,
      Removed removed, std::function<void()> done);

  // The key sets that are fetched; those whose address is unchanged keep their keys when settings are
  // replaced.
  const auth::KeyStore& key_sets() const { return key_sets_->store(); }

  // Runs `use` on the bus's loop. Returns false when the loop's queue is full. Any thread.
  bool on_bus(std::function<void(bus::Bus&)> use);

  // Sets the process's memory reserve, which must outlive the node. Call before start().
  void set_memory_reserve(MemoryReserve& reserve) { memory_->set_reserve(reserve); }

  // --- the shards and their loops, for the owner ---
  std::size_t shard_count() const { return shards_.size(); }
  Shard& shard(std::size_t number) { return *shards_[number]; }
  reactor::Loop& loop(std::size_t number) { return *loops_[number]; }
  Router& router() { return *router_; }
  HistoryHandover& history_handover() { return *history_.handover; }

  // In use now. Loop 0's thread, or before the loops run.
  const config::Settings& settings() const { return *settings_; }

  // --- what any thread may read ---
  // The endpoints at start. Their names, paths, sources and event frames never change.
  const protocol::EndpointTable& endpoints() const { return endpoints_; }
  const Router& router() const { return *router_; }
  // Whether any endpoint sends this bus channel's events to clients.
  bool carries(std::string_view channel) const;
  const bus::BusCounters& bus_counters() const { return bus_->counters(); }
  std::string_view bus_url() const { return bus_->display_url(); }  // without its password
  // From the beginning of a shutdown on; upgrades are refused only after its delay (Admission::draining()).
  bool draining() const { return drain_->is_shutting_down(); }
  const client::Admission& admission() const { return *admission_; }
  client::KeyGuesses& key_guesses() { return admission_->key_guesses(); }
  ResumeDesk& resume_desk() { return *history_.desk; }  // what any thread may call
  const fanout::FrameMemory& frame_memory() const { return *frame_memory_; }
  const client::MemoryPressure& memory() const { return memory_->pressure(); }
  const client::ShardCounters& shard_counters(std::size_t number) const {
    return shards_[number]->counters();
  }

 private:
  Node(config::Settings settings, client::HttpHandler& handler, Log& log);
  Result<std::monostate> build(const World& world);
  Result<std::monostate> make_shards(const World& world);
  Result<std::monostate> make_the_bus(const World& world);
  bool publish(std::string channel, std::string body, std::function<void(bus::PublishResult)> done) override;

  std::shared_ptr<const config::Settings> settings_;
  client::HttpHandler& handler_;
  Log& log_;
  protocol::EndpointTable endpoints_;
  std::unique_ptr<fanout::FrameMemory> frame_memory_;  // outlives every frame, wherever it waits
  std::unique_ptr<client::Admission> admission_;
  std::unique_ptr<client::Shared> shared_;
  std::vector<std::unique_ptr<reactor::Loop>> loops_;  // outlive what runs on them
  struct {
    std::unique_ptr<EventHistory> events;
    std::unique_ptr<ResumeDesk> desk;           // uses router_
    std::unique_ptr<EventGate> gate;            // likewise
    std::unique_ptr<HistoryHandover> handover;  // uses all of these, and the bus
  } history_;
  std::unique_ptr<Router> router_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<MemoryWatch> memory_;
  std::unique_ptr<KeySetUpdater> key_sets_;
  std::unique_ptr<NodeDrain> drain_;
};

}  // namespace carillon::gateway

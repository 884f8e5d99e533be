// Gateway: the shards, the Router and the bus put together: everything that serves clients.
//
// Thread: created, run and destroyed by one thread, which is loop 0's; what says "any thread" may be
// called from the others.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "bus/bus.h"
#include "config/settings.h"
#include "gateway/memory_watch.h"
#include "gateway/shard.h"

namespace carillon::gateway {

class Gateway final : private EventPublisher {
 public:
  // Binds the listeners and checks the keys, so that every error of start-up comes from here.
  // `handler` and `log` outlive the gateway.
  static Result<std::unique_ptr<Gateway>> create(config::Settings settings, HttpHandler& handler, Log& log);
  ~Gateway();

  // Serves until stop() or the end of a drain.
  Result<std::monostate> run();
  void stop();  // any thread

  // Refuses new clients and closes those that are here, evenly over the window that it returns (drain.h);
  // then run() returns. Loop 0's thread.
  milliseconds begin_drain(milliseconds longest);

  // Runs `use` on the bus's loop; false when too much waits there already. Any thread.
  bool on_bus(std::function<void(bus::Bus&)> use);

  // The process's, which outlives the gateway; before run().
  void set_memory_reserve(MemoryReserve& reserve) { memory_->set_reserve(reserve); }

  // Loop 0, for what app/ watches beside it (signals).
  reactor::Loop& main_loop() { return *loops_.front(); }

  // --- what any thread may look at ---
  const config::Settings& settings() const { return settings_; }
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }
  const std::vector<reactor::SocketAddress>& listening_on() const { return listening_on_; }
  const Router& router() const { return *router_; }
  // Does any endpoint here send this bus channel's events to clients?
  bool carries(std::string_view channel) const;
  const bus::BusCounters& bus_counters() const { return bus_->counters(); }
  std::string_view bus_url() const { return bus_->display_url(); }  // without its password
  bool draining() const { return admission_->draining(); }
  std::uint64_t connections() const { return admission_->connections(); }
  const Admission& admission() const { return *admission_; }
  KeyGuesses& key_guesses() { return admission_->key_guesses(); }
  const fanout::FrameMemory& frame_memory() const { return *frame_memory_; }
  const MemoryPressure& memory() const { return memory_->pressure(); }
  std::size_t shard_count() const { return shards_.size(); }
  const ShardCounters& shard_counters(std::size_t shard) const { return shards_[shard]->counters(); }
  reactor::LoopCounters& loop_counters(std::size_t shard) { return loops_[shard]->counters(); }

 private:
  Gateway(config::Settings settings, HttpHandler& handler, Log& log);
  Result<std::monostate> build();
  Result<std::monostate> bind_all();
  Result<std::monostate> bind(reactor::SocketAddress address, const ListenerOptions& options);
  Result<std::monostate> make_the_bus();
  Result<std::monostate> start_threads();
  void look_whether_drained(DrainEnd end);
  void refuse_connections();
  void make_memory_watch();
  bool publish(std::string channel, std::string body, std::function<void(bus::PublishResult)> done) override;

  const config::Settings settings_;
  HttpHandler& handler_;
  Log& log_;
  std::vector<Endpoint> endpoints_;
  std::unique_ptr<fanout::FrameMemory> frame_memory_;  // outlives every frame, wherever it waits
  std::unique_ptr<Admission> admission_;
  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<reactor::Loop>> loops_;  // outlive what runs on them
  std::unique_ptr<Router> router_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<bus::Bus> bus_;
  std::unique_ptr<MemoryWatch> memory_;
  std::vector<reactor::SocketAddress> listening_on_;
  std::vector<std::thread> threads_;
};

}  // namespace carillon::gateway

#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "loadgen/crowd.h"
#include "loadgen/publisher.h"
#include "loadgen/report.h"

namespace carillon::loadgen {

// BenchRun: one run of `carillon bench`. Connects all clients, publishes an event per channel until each
// client has received one, waits until no more events arrive, publishes by a timetable, and waits until
// nothing is missing or nothing more arrives.
//
// A server that cannot keep up is measured for twice the length of the timetable plus kDrainPatience. Its
// throughput is what has arrived by then, divided by that time.
//
// Thread: the caller's. run() blocks, for a bounded time: it gives up after kConnectPatience without a new
// connection, after kWarmUpPatience without another client that receives its first event, and after
// kDrainPatience without a new event.
class BenchRun {
 public:
  static constexpr auto kConnectPatience = seconds(15);
  static constexpr auto kWarmUpPatience = seconds(15);
  static constexpr auto kDrainPatience = seconds(5);

  struct Settings {
    ClientSettings clients;
    Crowd::Settings crowd;
    ClientTemplate channel;  // with `$i` in it: one channel per client
    EventBody body{EventBody::kDefault, 256};
    ChannelOrder order = ChannelOrder::round_robin;
    double events_per_s = 1;
    std::uint64_t events = 0;
    milliseconds listening{0};  // how long to listen when there is no publisher
    std::vector<pid_t> server_pids;
  };

  // Called several times a second with the progress in words.
  using Progress = std::function<void(const std::string&)>;

  // Without a publisher it only connects and listens. The settings must outlive it.
  BenchRun(const Settings& settings, std::unique_ptr<Publisher> publisher, Progress progress);

  Result<Report> run();

 private:
  Channels channels() const {
    return settings_.channel.differs() ? Channels::one_a_client : Channels::shared;
  }
  Timetable timetable(double events_per_s, std::uint64_t events) const;
  Result<Usage> usage() const;
  Result<std::monostate> connect();
  void await_quiet();
  Result<std::monostate> warm_up();
  std::vector<std::uint32_t> silent_channels();
  std::uint64_t silent_clients();
  Result<std::monostate> publish_once(const std::vector<std::uint32_t>& to);
  tl::unexpected<Error> nothing_arrives();
  Result<std::monostate> measure();
  Result<std::monostate> publish_all(const Timetable& plan);
  OutgoingEvent event_for(std::uint32_t channel, std::uint64_t n) const;
  // Publishes until every request is answered or the time is up.
  Result<std::monostate> publish(const Timetable& plan, Publisher::EventMaker event, const char* phase);
  void drain(MonoTime until);
  void listen();
  void conclude(const Crowd::State& before, MonoTime start);

  const Settings& settings_;
  std::unique_ptr<Publisher> publisher_;
  Progress progress_;
  std::unique_ptr<Crowd> crowd_;
  Report report_;
};

}  // namespace carillon::loadgen

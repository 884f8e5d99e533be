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

// BenchRun: one run of `carillon bench`. Connects all clients, publishes an event per channel until all have
// received one, waits until it is quiet, publishes by a timetable, and waits until nothing is missing or
// nothing more comes.
//
// A server that cannot keep up is measured for as long as twice the timetable and kDrainPatience, and then no
// longer: what has come by then, over that time, is what it can do.
//
// Thread: the caller's; run() blocks for as long as that takes, which is bounded: kConnectPatience without a
// new connection, kWarmUpPatience without one more client that receives, and the above, or kDrainPatience
// without a new event.
class BenchRun {
 public:
  static constexpr auto kConnectPatience = seconds(15);
  static constexpr auto kWarmUpPatience = seconds(15);
  static constexpr auto kDrainPatience = seconds(5);

  struct Settings {
    ClientSettings clients;
    Crowd::Settings crowd;
    ClientTemplate channel;  // with `$i` in it: one channel a client
    EventBody body{EventBody::kDefault, 256};
    ChannelOrder order = ChannelOrder::round_robin;
    double events_per_s = 1;
    std::uint64_t events = 0;
    milliseconds listening{0};  // without a publisher: so long
    std::vector<pid_t> server_pids;
  };

  // Told in words how far it is, several times a second.
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
  // Until all are answered, or the time is up.
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

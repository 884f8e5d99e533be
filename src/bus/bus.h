#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "event/channel_pattern.h"
#include "event/event.h"
#include "reactor/loop.h"

namespace carillon::bus {

// The state of the connection to the broker.
enum class BusState { connecting, up, down };  // down: was up or never came up; being retried

// The state of the bus, since when, and why.
struct BusStatus {
  BusState state = BusState::connecting;
  WallTime since{};       // when `state` began, by the wall clock of that time
  MonoTime since_mono{};  // the same; still right when the wall clock has been set since
  std::string detail;     // why it is not up, as text without a secret; empty when up
};

// Written by the bus's loop only; read by anyone, relaxed.
struct BusCounters {
  std::atomic<std::uint64_t> events_in{0};  // handed to the sink
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> oversize_dropped{0};  // a body over event_bytes_max
  std::atomic<std::uint64_t> lines_suppressed{0};  // of them, those that got no log line of their own
  std::atomic<std::uint64_t> connects{0};          // of the subscribing connection, once subscribed
  std::atomic<std::uint64_t> disconnects{0};       // ditto
  std::atomic<std::uint64_t> gaps{0};              // times that events may have been lost
  std::atomic<std::uint64_t> probes_missed{0};
  std::atomic<std::uint64_t> address_checks{0};         // answered: the same server, or a failover
  std::atomic<std::uint64_t> address_checks_missed{0};  // no answer; nothing follows from that
  std::atomic<std::uint64_t> failovers_to_other{0};     // another server answers at the configured address
  std::atomic<std::uint64_t> failovers_demoted{0};      // the server has become a replica
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::uint64_t> publish_failures{0};
  Histogram round_trips{kTimeBounds};  // of the probe, from its publication to its arrival
};

// Receives everything from the bus. The Router implements it.
class EventSink {
 public:
  virtual void on_event(const Event& event) = 0;
  // All events of one read have been passed on: a good moment to forward the batch.
  virtual void on_batch_end() = 0;
  // Events may have been missed between the last one and the next.
  virtual void on_gap() = 0;
  virtual void on_status(const BusStatus& status) = 0;
  // A marker that was published on Bus::marker_channel(), at its place between the events. It is no event.
  virtual void on_marker(std::string_view) {}

 protected:
  ~EventSink() = default;
};

// The result of publishing one event.
enum class PublishResult {
  accepted,     // the broker has acknowledged it, and was a master after that where one is required
  unavailable,  // not connected, or the connection died before the answer: may or may not be out
  refused,      // the broker refused it (permission, memory, read-only)
  timed_out
};
using PublishDone = std::function<void(PublishResult)>;

// Bus: the source of events, and the destination of events published through the API.
//
// Thread: all of it on the loop that the bus was made with. Callbacks come from that loop, never from
// inside start() or publish(); a callback may publish, but must not destroy the bus. Destroying it
// stops it: after that no callback is called, not even the `done` of a pending publish.
class Bus {
 public:
  virtual ~Bus() = default;
  virtual void start() = 0;
  // `done` is called exactly once, within operation_timeout. At most 10,000 publishes wait at a time, with a
  // limit on their bytes that is at least request_bytes_max. A publish beyond that is `unavailable`.
  virtual void publish(std::string_view channel, std::string_view body, PublishDone done) = 0;
  virtual const BusStatus& status() const = 0;
  virtual const BusCounters& counters() const = 0;
  virtual std::string_view display_url() const = 0;  // without user and password
  // The channel on which publish() sends markers: bodies that begin with kMarkerPrefix, which come back to
  // this process, and to one that follows the channel (BusOptions::followed_markers), between the events, and
  // at the same place for both. Empty when the bus has none, or the broker does not permit it.
  virtual std::string_view marker_channel() const { return {}; }
};

inline constexpr std::string_view kMarkerPrefix = "marker ";

inline constexpr std::size_t kEventOverheadBytes = 128;  // per-event overhead in addition to channel and body

// Whether a broker in the role of a replica is accepted. Events published to a Redis replica reach only the
// clients of that replica.
enum class BrokerRole { master, any };

// Settings of a bus that do not depend on its kind.
struct BusOptions {
  std::string url;          // memory:, redis://[user:pass@]host[:port][/db], rediss://…
  std::string tls_ca_file;  // for rediss://; empty: the system's store
  std::vector<ChannelPattern>
      patterns;                  // what to subscribe to: PSUBSCRIBE for those with a star, SUBSCRIBE else
  std::string node_id;           // names the probe's channel: carillon.probe.<node_id>
  std::string followed_markers;  // the marker channel of another process; empty: none
  std::size_t event_bytes_max = 1024 * 1024;
  std::size_t request_bytes_max = 1024 * 1024;  // channels and bodies that one request publishes at once
  std::chrono::milliseconds operation_timeout{5000};
  std::chrono::milliseconds probe_interval{5000};
  std::optional<std::chrono::milliseconds> address_check_interval;  // nothing: no such check
  BrokerRole role = BrokerRole::any;
  std::chrono::milliseconds backoff_min{100};
  std::chrono::milliseconds backoff_max{5000};
};

// Checks the URL's shape only; it connects in start(). The error states what to write instead and
// never contains the password.
Result<std::unique_ptr<Bus>> make_bus(BusOptions options, reactor::Loop& loop, EventSink& sink, Log& log);

}  // namespace carillon::bus

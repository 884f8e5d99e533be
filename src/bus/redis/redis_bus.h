#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/line_sampler.h"
#include "bus/bus.h"
#include "bus/redis/address_check.h"
#include "bus/redis/probe.h"
#include "bus/redis/publisher_session.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/subscriber_session.h"
#include "bus/status_keeper.h"

namespace carillon::bus {

// Options of a RedisBus.
struct RedisBusOptions {
  BusOptions bus;
  Login login;
  std::string display_url;
  std::uint64_t seed = 0;                                 // jitter and nonces
  std::size_t write_buffer_bytes_max = 16 * 1024 * 1024;  // the connector's; publish() stays under it
};

// RedisBus: two connections to one Redis, one that subscribes and one that publishes, and a probe between
// them.
//
// Thread: the loop's. The subscriber's link connects first, and the publisher's only once the other is ready,
// so that a dead broker is dialled once per attempt. `up` means that both links are ready, every subscription
// is acknowledged, and a probe has returned since. Publishing works whenever the publisher's link is ready. A
// third connection is opened regularly to check whether the configured address still leads to this server
// (address_check.h).
class RedisBus final : public Bus,
                       private SubscriberListener,
                       private PublisherListener,
                       private RedisLinkOwner,
                       private AddressCheckOwner {
 public:
  RedisBus(RedisBusOptions options, Connector connector, reactor::Loop& loop, EventSink& sink, Log& log);
  ~RedisBus() override;
  RedisBus(const RedisBus&) = delete;
  RedisBus& operator=(const RedisBus&) = delete;

  void start() override;
  void publish(std::string_view channel, std::string_view body, PublishDone done) override;
  const BusStatus& status() const override { return keeper_.status(); }
  const BusCounters& counters() const override { return counters_; }
  std::string_view display_url() const override { return keeper_.display_url(); }
  std::string_view marker_channel() const override {
    const bool has_one = subscriber_.receives_probes() && !probe_forbidden_;
    return has_one ? std::string_view(subscriber_.probe_channel()) : std::string_view();
  }

 private:
  void on_message(std::string_view channel, std::string_view body) override;
  void on_oversize(std::string_view channel) override;
  void on_probe_received(std::string_view text) override;
  void on_pong() override;
  void on_published(PublishResult result) override;
  void on_publish_refused(std::string_view reason) override;
  void on_probe_forbidden(std::string_view reason) override;
  void on_link_ready(RedisLink& link) override;
  void on_link_lost(RedisLink& link, const Fault& fault) override;
  void on_link_read(RedisLink& link) override;
  void on_failover(const Fault& fault) override;

  void on_subscriber_ready();
  void on_publisher_ready();
  void redial_both(const Fault& fault);
  void on_subscriber_lost(const Fault& fault);
  void report_gap();
  void look_whether_up();
  void run_probe();
  void send_probe();
  void arm_probe();
  void on_probe_missed();
  void warn_of_ping(std::string_view reason);
  void refuse(PublishDone done, PublishResult result);
  void report_refused();

  const RedisBusOptions options_;
  const Connector connector_;
  reactor::Loop& loop_;
  EventSink& sink_;
  Log& log_;
  BusCounters counters_;
  StatusKeeper keeper_;
  SubscriberSession subscriber_;
  PublisherSession publisher_;
  RedisLink subscriber_link_;  // after the sessions: destroyed before them
  RedisLink publisher_link_;
  AddressCheck address_check_;
  Probe probe_;
  reactor::Loop::TimerId probe_timer_ = 0;
  bool probe_forbidden_ = false;
  bool warned_of_ping_ = false;
  MonoTime refused_publish_logged_at_{};
  bool was_ready_ = false;     // the subscriber, in its present connection
  bool has_received_ = false;  // events could have been received since the last reported gap
  bool gap_pending_ = false;
  bool batch_open_ = false;
  LineSampler oversize_lines_;
  std::vector<std::pair<PublishDone, PublishResult>> refused_;
  reactor::Loop::TimerId refused_timer_ = 0;
};

}  // namespace carillon::bus

#pragma once

#include <memory>

#include "bus/redis/opening.h"
#include "bus/redis/server_identity.h"
#include "bus/redis/session.h"
#include "bus/redis/subscriptions.h"

namespace carillon::bus {

// Called from inside feed(): may not close, feed or destroy the session.
class SubscriberListener {
 public:
  virtual void on_message(std::string_view channel, std::string_view body) = 0;  // views: for the call
  // A message that was skipped because it is too long. `channel` is a view for the call, empty when unknown.
  virtual void on_oversize(std::string_view channel) = 0;
  // What was published on the probe's channel, or a marker on the followed one (kMarkerPrefix).
  virtual void on_probe_received(std::string_view text) = 0;
  virtual void on_pong() = 0;  // the answer to append_ping(), even an error

 protected:
  ~SubscriberListener() = default;
};

// Whether a session requests its server's identity while it opens.
enum class AskIdentity { no, yes };

// Options of a SubscriberSession.
struct SubscriberOptions {
  std::size_t event_bytes_max = 1024 * 1024;
  milliseconds operation_timeout{5000};
  AskIdentity ask_identity = AskIdentity::no;
  BrokerRole role = BrokerRole::any;
};

// SubscriberSession: the connection that subscribes: AUTH, SELECT, INFO, then PSUBSCRIBE or SUBSCRIBE for
// each pattern, then messages.
//
// Pure (session.h). Ready when every subscription is acknowledged. Messages are forwarded as they are
// parsed, straight from the reader's buffer, even those that arrive before it is ready.
class SubscriberSession final : public Session, private RespConsumer {
 public:
  SubscriberSession(Login login, Subscriptions subscriptions, SubscriberOptions options,
                    SubscriberListener& listener);

  void open(MonoTime now, std::string& out) override;
  std::optional<Fault> feed(std::string_view bytes, MonoTime now) override;
  std::optional<Fault> advance(MonoTime now) override;
  MonoTime next_deadline() const override;
  bool ready() const override { return reader_ != nullptr && opening_.done(); }
  void close() override { reader_.reset(); }

  void append_ping(std::string& out);
  const std::string& probe_channel() const { return subscriptions_.probe_channel(); }
  // False when the broker did not let us subscribe to the probe's channel.
  bool receives_probes() const { return receives_probes_; }
  const std::string& probe_refusal() const { return probe_refusal_; }  // why not
  const ServerIdentity& identity() const { return identity_; }         // of the present connection

 private:
  Next on_reply(const RespReply& reply) override;
  Next on_array(std::span<const RespValue> values);
  Next on_delivery(std::span<const RespValue> values);
  Next on_scalar(const RespValue& value);
  Next on_opening_error(std::string_view line);
  Next on_identity(const RespValue& value);
  Next fail(FaultKind kind, std::string detail);

  const Login login_;
  const Subscriptions subscriptions_;
  const SubscriberOptions options_;
  SubscriberListener& listener_;
  std::unique_ptr<RespReader> reader_;  // of the present connection
  Opening opening_;
  MonoTime opening_deadline_{};
  std::optional<Fault> fault_;
  std::size_t pings_unanswered_ = 0;
  bool receives_probes_ = true;
  std::string probe_refusal_;
  ServerIdentity identity_;
};

}  // namespace carillon::bus

#pragma once

#include <deque>
#include <memory>

#include "bus/bus.h"
#include "bus/redis/opening.h"
#include "bus/redis/server_identity.h"
#include "bus/redis/session.h"
#include "bus/redis/subscriber_session.h"

namespace carillon::bus {

inline constexpr std::size_t kWaitingMax = 10'000;

// Called from inside feed(), advance() and close(): may publish, may not close or destroy the session.
class PublisherListener {
 public:
  virtual void on_published(PublishResult result) = 0;
  virtual void on_publish_refused(std::string_view reason) = 0;  // before its on_published()
  virtual void on_probe_forbidden(std::string_view reason) = 0;  // NOPERM for the probe
  virtual void on_publisher_pong() {}

 protected:
  ~PublisherListener() = default;
};

// Options of a PublisherSession.
struct PublisherOptions {
  milliseconds operation_timeout{5000};
  AskIdentity ask_identity = AskIdentity::no;
  BrokerRole role = BrokerRole::any;
};

// PublisherSession: the connection that publishes: AUTH, SELECT, PING, INFO, then pipelined PUBLISH.
//
// Pure (session.h). Replies come in the order of the commands. Each command has a deadline; one that
// passes means that the connection is stuck, which is a fault: overdue publishes get `timed_out`, the rest
// `unavailable` when the connection is closed. At most kWaitingMax wait for a reply.
//
// Where a master is required, every write that holds a PUBLISH ends with INFO replication, and a publish is
// `accepted` only once the server has confirmed afterwards that it is a master: a master that was demoted
// continues to acknowledge publishes, which reach only the clients that are still connected to it.
class PublisherSession final : public Session, private RespConsumer {
 public:
  PublisherSession(Login login, PublisherOptions options, PublisherListener& listener);

  void open(MonoTime now, std::string& out) override;
  std::optional<Fault> feed(std::string_view bytes, MonoTime now) override;
  std::optional<Fault> advance(MonoTime now) override;
  MonoTime next_deadline() const override;
  void before_write(MonoTime now, std::string& out) override;
  bool ready() const override { return reader_ != nullptr && opening_.done(); }
  void close() override;

  // False, and `done` untouched, when not ready or kWaitingMax publishes wait; questions of our own do not
  // count. `done` is called once, after the listener's on_published(), from feed(), advance() or close().
  bool try_publish(std::string_view channel, std::string_view body, MonoTime now, std::string& out,
                   PublishDone& done);
  // Both only when ready().
  void append_probe(std::string_view channel, std::string_view nonce, MonoTime now, std::string& out);
  void append_ping(MonoTime now, std::string& out);
  std::size_t waiting() const { return waiting_.size() + unconfirmed_.size(); }  // our own questions too
  const ServerIdentity& identity() const { return identity_; }                   // of the present connection

 private:
  enum class Purpose { publish, probe, ping, role };
  struct Waiting {
    Purpose purpose;
    MonoTime deadline;
    std::string channel;  // of a publish
    PublishDone done;
    PublishResult result = PublishResult::unavailable;  // once it has been answered
  };

  Next on_reply(const RespReply& reply) override;
  Next on_opening_reply(const RespValue& value);
  Next settle(Waiting waiting, const RespValue& value);
  void on_publish_reply(Waiting waiting, const RespValue& value);
  Next on_role(const RespValue& value);
  bool confirms_role() const;
  void confirm_all();
  void finish(Waiting& waiting, PublishResult result);

  const Login login_;
  const PublisherOptions options_;
  PublisherListener& listener_;
  std::unique_ptr<RespReader> reader_;  // of the present connection
  Opening opening_;
  MonoTime opening_deadline_{};
  std::optional<Fault> fault_;
  std::deque<Waiting> waiting_;        // deadlines ascend: all have the same time to live
  std::deque<Waiting> unconfirmed_;    // answered, and the server's role after that is not known yet
  std::size_t publishes_waiting_ = 0;  // in both
  bool must_ask_role_ = false;         // a PUBLISH was appended since the last question
  ServerIdentity identity_;
};

}  // namespace carillon::bus

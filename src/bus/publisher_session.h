// PublisherSession: the connection that speaks: AUTH, SELECT, PING, then pipelined PUBLISH.
//
// Pure (session.h). Replies come in the order of the commands. Each command has a deadline; one that
// passes means that the connection is stuck, and is a fault: the overdue are told `timed_out`, the rest
// `unavailable` when the connection is closed. At most kWaitingMax wait for a reply.
#pragma once

#include <deque>
#include <memory>

#include "bus/bus.h"
#include "bus/opening.h"
#include "bus/session.h"

namespace carillon::bus {

inline constexpr std::size_t kWaitingMax = 10'000;

// Called from inside feed(), advance() and close(): may publish, may not close or destroy the session.
class PublisherListener {
 public:
  virtual void on_published(PublishResult result) = 0;
  virtual void on_probe_forbidden(std::string_view reason) = 0;  // NOPERM for the probe
  virtual void on_publisher_pong() = 0;

 protected:
  ~PublisherListener() = default;
};

class PublisherSession final : public Session, private RespConsumer {
 public:
  PublisherSession(Login login, milliseconds operation_timeout, PublisherListener& listener);

  void open(MonoTime now, std::string& out) override;
  std::optional<Fault> feed(std::string_view bytes, MonoTime now) override;
  std::optional<Fault> advance(MonoTime now) override;
  MonoTime next_deadline() const override;
  bool ready() const override { return reader_ != nullptr && opening_.done(); }
  void close() override;

  // False, and `done` untouched, when not ready or kWaitingMax wait. `done` is called once, after the
  // listener's on_published(), from feed(), advance() or close().
  bool try_publish(std::string_view channel, std::string_view body, MonoTime now, std::string& out,
                   PublishDone& done);
  // Both only when ready().
  void append_probe(std::string_view channel, std::string_view nonce, MonoTime now, std::string& out);
  void append_ping(MonoTime now, std::string& out);
  std::size_t waiting() const { return waiting_.size(); }

 private:
  enum class Purpose { publish, probe, ping };
  struct Waiting {
    Purpose purpose;
    MonoTime deadline;
    PublishDone done;
  };

  Next on_reply(const RespReply& reply) override;
  Next on_opening_reply(const RespValue& value);
  void settle(Waiting& waiting, const RespValue& value);
  void finish(Waiting& waiting, PublishResult result);

  const Login login_;
  const milliseconds operation_timeout_;
  PublisherListener& listener_;
  std::unique_ptr<RespReader> reader_;  // of the present connection
  Opening opening_;
  MonoTime opening_deadline_{};
  std::optional<Fault> fault_;
  std::deque<Waiting> waiting_;  // deadlines ascend: all have the same time to live
};

}  // namespace carillon::bus

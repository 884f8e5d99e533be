#pragma once

#include <memory>
#include <string>

#include "bus/redis/redis_link.h"
#include "bus/redis/server_identity.h"

namespace carillon::bus {

// Receives the failovers that address checks find.
class AddressCheckOwner {
 public:
  // The address leads to another server, or ours has become a replica: the connections must be reopened.
  virtual void on_failover(const Fault& fault) = 0;

 protected:
  ~AddressCheckOwner() = default;
};

// Decides when to check. Pure.
class AddressCheckPace {
 public:
  static constexpr int kLongest = 12;  // times the interval

  explicit AddressCheckPace(milliseconds interval) : interval_(interval) {}
  MonoClock::duration wait() const { return interval_ * times_; }
  void on_same() { times_ = 1; }
  void on_failover() { times_ = times_ * 2 > kLongest ? kLongest : times_ * 2; }

 private:
  const MonoClock::duration interval_;
  int times_ = 1;
};

// AddressCheck: checks whether the configured address still leads to the server that we are connected to.
//
// A failover behind a virtual address or a DNS name leaves open connections on the old server, where they
// work and receive nothing. The probe cannot detect that, because it goes through the same server. Therefore
// a new connection is opened to the configured address at an interval, and the server that answers there is
// compared with ours. No answer is a missed check, not a failover: it increments a counter and logs at most
// one line a minute. While every check finds another server, as behind an address that several servers share,
// the interval doubles up to twelve times its length.
//
// Thread: the loop's. `owner` is called from the loop, and may call stop() or start().
class AddressCheck final : private reactor::ClientStreamHandler, private RespConsumer {
 public:
  static constexpr seconds kReminder{60};

  AddressCheck(Login login, const BusOptions& options, std::string display_url, const Connector& connector,
               reactor::Loop& loop, Log& log, BusCounters& counters, AddressCheckOwner& owner);
  ~AddressCheck();
  AddressCheck(const AddressCheck&) = delete;
  AddressCheck& operator=(const AddressCheck&) = delete;

  // Begins to check against `ours`, the server that we are connected to, after one interval. Does nothing
  // without an interval in the options, or when the server does not report its identity.
  void start(const ServerIdentity& ours);
  void stop();

 private:
  void on_connected() override;
  void on_bytes(std::string_view bytes) override;
  void on_closed(const Error& reason) override;
  Next on_reply(const RespReply& reply) override;

  void arm();
  void ask();
  void on_answer();
  void missed(const std::string& reason);
  void end_question();

  Login login_;
  const std::optional<milliseconds> interval_;
  const milliseconds operation_timeout_;
  const BrokerRole role_;
  const std::string display_url_;
  const Connector& connector_;
  reactor::Loop& loop_;
  Log& log_;
  BusCounters& counters_;
  AddressCheckOwner& owner_;
  AddressCheckPace pace_;
  ServerIdentity ours_;
  bool warned_of_no_identity_ = false;
  MonoTime last_line_{};
  reactor::Loop::TimerId timer_ = 0;  // until the next question, or for its answer
  // Of the question that is out.
  std::unique_ptr<reactor::ClientStream> stream_;
  std::unique_ptr<RespReader> reader_;
  Opening opening_;
  ServerIdentity found_;
  std::optional<Fault> fault_;
};

}  // namespace carillon::bus

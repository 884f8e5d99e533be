#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "bus/backoff.h"

namespace carillon::bus {

// Probe: checks that published events are received again. Pure: takes times and replies, returns what to do.
//
// The publisher sends a nonce every `interval`, and the subscriber must receive it within the limit. The
// limit is a twentieth less than the operation timeout, so that a subscription that stops delivering right
// after a successful probe is found within interval + operation timeout (10 s by default). Where the broker
// does not permit publishing or receiving the nonce, and while there is no publisher, a PING on the
// subscriber's connection is sent instead: it finds a dead connection, but not a subscription that delivers
// nothing.
class Probe {
 public:
  enum class Act { nothing, send, missed };
  enum class Way { nonce, ping };

  Probe(milliseconds interval, milliseconds operation_timeout, std::uint64_t seed);

  void start(MonoTime now);  // the first goes out at once
  void stop();
  bool running() const { return next_ != MonoTime::max(); }

  // Called at next_deadline(), or earlier. After `send` the caller sends nonce(), or PING,
  // and returns which.
  Act advance(MonoTime now);
  void went_by(Way way) { way_ = way; }
  MonoTime next_deadline() const;

  const std::string& nonce() const { return nonce_; }
  // Returns when this probe was sent; nothing, and ignores it, when it is another gateway's or an old one.
  std::optional<MonoTime> on_nonce(std::string_view nonce);
  void on_pong();                          // ignored while a nonce is in flight
  void send_again(MonoTime now);           // the last probe could not be sent: the next is due now
  bool passed() const { return passed_; }  // at least once since start()

 private:
  void answered();

  const MonoClock::duration interval_;
  const MonoClock::duration limit_;
  Jitter random_;
  std::string nonce_;
  MonoTime next_ = MonoTime::max();     // when to send
  MonoTime overdue_ = MonoTime::max();  // when the one that is out counts as missed
  Way way_ = Way::nonce;
  bool passed_ = false;
};

}  // namespace carillon::bus

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "bus/fault.h"

namespace carillon::bus {

// Session: the protocol of one connection to Redis, as a pure state machine. RedisLink drives it.
//
// Bytes and times go in; bytes to send, faults and the listener's calls come out. One thread. Once it
// has named a fault, only close() and then open() make sense.
class Session {
 public:
  virtual ~Session() = default;

  // The connection is established: appends the first bytes to send.
  virtual void open(MonoTime now, std::string& out) = 0;
  // A fault: the connection must be given up.
  virtual std::optional<Fault> feed(std::string_view bytes, MonoTime now) = 0;
  virtual std::optional<Fault> advance(MonoTime now) = 0;
  // Nothing is due before this; MonoTime::max() when nothing is.
  virtual MonoTime next_deadline() const = 0;
  // What was appended to the link's outgoing bytes is about to be written: a last word may be added.
  virtual void before_write(MonoTime, std::string&) {}
  // Everything that has to be answered before use is answered.
  virtual bool ready() const = 0;
  // The connection is gone. Never called from inside feed().
  virtual void close() = 0;
};

}  // namespace carillon::bus

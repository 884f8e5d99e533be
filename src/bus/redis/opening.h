#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "bus/fault.h"
#include "bus/redis/resp.h"

namespace carillon::bus {

// User, password and database for a new connection.
struct Login {
  std::string user;            // empty: AUTH with the password alone
  Secret password;             // empty: no AUTH
  std::uint32_t database = 0;  // 0: no SELECT, it is where every connection begins
};

// The step of opening a connection whose reply is expected next.
enum class OpeningStep {
  auth,
  select,
  info_server,
  info_replication,
  psubscribe,
  subscribe,
  subscribe_probe,
  subscribe_followed,  // the probe channel of another process
  ping
};

// Opening: the commands that a connection begins with, sent at once, and their answers, in order.
//
// Pure. AUTH and SELECT as the URL asks for them, then what the session adds. One round trip.
class Opening {
 public:
  void start(const Login& login, std::string& out);
  // The command of the next step has been appended. `channel`: what the command subscribes to, if it does.
  void expect(OpeningStep step, std::string channel = {});

  bool done() const { return current_ == steps_.size(); }
  // Both unless done().
  OpeningStep current() const { return steps_[current_].step; }
  const std::string& channel() const { return steps_[current_].channel; }
  void answered() { ++current_; }  // the current step

 private:
  struct Expected {
    OpeningStep step;
    std::string channel;
  };
  std::vector<Expected> steps_;
  std::size_t current_ = 0;
};

// What an error reply to a step means. `channel`: see Opening::channel().
Fault opening_refused(OpeningStep step, std::string_view channel, std::string_view error_line);

}  // namespace carillon::bus

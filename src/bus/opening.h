// Opening: the commands that a connection begins with, sent at once, and their answers, in order.
//
// Pure. AUTH and SELECT as the URL asks for them, then what the session adds. One round trip.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "bus/fault.h"
#include "bus/resp.h"

namespace carillon::bus {

struct Login {
  std::string user;            // empty: AUTH with the password alone
  Secret password;             // empty: no AUTH
  std::uint32_t database = 0;  // 0: no SELECT, it is where every connection begins
};

enum class OpeningStep { auth, select, psubscribe, subscribe, subscribe_probe, ping };

class Opening {
 public:
  void start(const Login& login, std::string& out);
  // `answers`: how many replies the step gets; an error reply stands for all of them.
  void expect(OpeningStep step, std::size_t answers);

  bool done() const { return current_ == steps_.size(); }
  OpeningStep current() const { return steps_[current_].step; }  // unless done()
  void answered();                                               // one reply of the current step
  void step_is_over();  // the current step, whatever it still waits for

 private:
  struct Expected {
    OpeningStep step;
    std::size_t answers;
  };
  std::vector<Expected> steps_;
  std::size_t current_ = 0;
};

// What an error reply to a step means.
Fault opening_refused(OpeningStep step, std::string_view error_line);

}  // namespace carillon::bus

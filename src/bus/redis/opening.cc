#include "bus/redis/opening.h"

#include <utility>

namespace carillon::bus {

void Opening::start(const Login& login, std::string& out) {
  steps_.clear();
  current_ = 0;
  if (!login.password.empty()) {
    if (login.user.empty()) {
      append_command(out, {"AUTH", login.password.reveal()});
    } else {
      append_command(out, {"AUTH", login.user, login.password.reveal()});
    }
    expect(OpeningStep::auth);
  }
  if (login.database != 0) {
    append_command(out, {"SELECT", std::to_string(login.database)});
    expect(OpeningStep::select);
  }
}

void Opening::expect(OpeningStep step, std::string channel) { steps_.push_back({step, std::move(channel)}); }

Fault opening_refused(OpeningStep step, std::string_view channel, std::string_view error_line) {
  switch (step) {
    case OpeningStep::auth:
      return broker_refused("AUTH", {}, error_line, Quote::code_only);
    case OpeningStep::select:
      return broker_refused("SELECT", {}, error_line, Quote::whole);
    case OpeningStep::info_server:
    case OpeningStep::info_replication:
      return broker_refused("INFO", {}, error_line, Quote::whole);
    case OpeningStep::psubscribe:
      return broker_refused("PSUBSCRIBE", channel, error_line, Quote::whole);
    case OpeningStep::subscribe:
    case OpeningStep::subscribe_probe:
    case OpeningStep::subscribe_followed:
      return broker_refused("SUBSCRIBE", channel, error_line, Quote::whole);
    case OpeningStep::ping:
      return broker_refused("PING", {}, error_line, Quote::whole);
  }
  return broker_refused("a command", {}, error_line, Quote::code_only);
}

}  // namespace carillon::bus

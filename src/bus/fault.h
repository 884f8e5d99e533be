#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace carillon::bus {

// How an error of the broker is handled.
enum class FaultKind {
  network,   // refused, reset, ended, TLS: back off and dial again
  silent,    // connected, but no answer in time
  protocol,  // the peer's bytes are not the RESP that we support
  busy,      // -LOADING, -READONLY, -MASTERDOWN, -OOM …: will pass
  denied     // -NOAUTH, -WRONGPASS, -NOPERM …: needs an operator; retried slowly
};

// Fault: why a broker connection must be given up, and how patient to be before the next one.
//
// Pure. The detail goes to logs, /health and metrics: it never holds a secret.
struct Fault {
  FaultKind kind = FaultKind::network;
  std::string detail;
};

// Whether an error reply may be quoted. A reply to AUTH may not: some servers and proxies echo the command,
// password included.
enum class Quote { whole, code_only };

// What an error reply ("WRONGPASS invalid username-password pair …", without the leading '-') to a command
// means. `channel`: the channel or pattern that the command was about, or nothing. The detail of a NOPERM
// ends with the rule of ACL SETUSER that is missing.
Fault broker_refused(std::string_view command, std::string_view channel, std::string_view error_line,
                     Quote quote);

// "NOPERM" of "NOPERM this user has …"; empty when the line does not begin with such a code.
std::string_view error_code(std::string_view error_line);

}  // namespace carillon::bus

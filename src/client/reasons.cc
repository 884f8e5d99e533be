#include "client/reasons.h"

#include <array>
#include <cstddef>

namespace carillon::client {
namespace {

struct NamedReason {
  RefusalReason reason;
  std::string_view name;
};

constexpr std::array kRefusals{
    NamedReason{RefusalReason::bad_request, "bad_request"},
    NamedReason{RefusalReason::uri_too_long, "uri_too_long"},
    NamedReason{RefusalReason::head_too_large, "head_too_large"},
    NamedReason{RefusalReason::not_found, "not_found"},
    NamedReason{RefusalReason::method_not_allowed, "method_not_allowed"},
    NamedReason{RefusalReason::draining, "draining"},
    NamedReason{RefusalReason::connections_max, "connections_max"},
    NamedReason{RefusalReason::endpoint_full, "endpoint_full"},
    NamedReason{RefusalReason::address_full, "address_full"},
    NamedReason{RefusalReason::accept_rate, "accept_rate"},
    NamedReason{RefusalReason::process_accept_rate, "process_accept_rate"},
    NamedReason{RefusalReason::origin, "origin"},
    NamedReason{RefusalReason::token_missing, "token_missing"},
    NamedReason{RefusalReason::token_invalid, "token_invalid"},
    NamedReason{RefusalReason::token_milliseconds, "time_in_milliseconds"},
    NamedReason{RefusalReason::token_algorithm, "token_algorithm"},
    NamedReason{RefusalReason::token_key, "token_key"},
    NamedReason{RefusalReason::token_issuer, "token_issuer"},
    NamedReason{RefusalReason::no_key_set, "no_key_set"},
    NamedReason{RefusalReason::key_waits_full, "key_waits_full"},
    NamedReason{RefusalReason::wrong_keys, "wrong_keys"},
    NamedReason{RefusalReason::channel, "channel"},
    NamedReason{RefusalReason::user_full, "user_full"},
    NamedReason{RefusalReason::not_an_upgrade, "not_an_upgrade"},
    NamedReason{RefusalReason::bad_upgrade, "bad_upgrade"},
    NamedReason{RefusalReason::handshake_timeout, "handshake_timeout"},
    NamedReason{RefusalReason::body_timeout, "body_timeout"},
    NamedReason{RefusalReason::bodies_full, "bodies_full"},
    NamedReason{RefusalReason::memory, "memory"},
    NamedReason{RefusalReason::proxy_header, "proxy_header"},
    NamedReason{RefusalReason::answer_timeout, "answer_timeout"},
    NamedReason{RefusalReason::tls_handshake, "tls_handshake"},
    NamedReason{RefusalReason::tls_handshake_rate, "tls_handshake_rate"},
    NamedReason{RefusalReason::http_connections_max, "http_connections_max"},
    NamedReason{RefusalReason::http_address_full, "http_address_full"},
    NamedReason{RefusalReason::no_descriptor, "no_descriptor"},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kRefusals.size(); ++i) {
    if (kRefusals[i].reason != static_cast<RefusalReason>(i)) return false;
  }
  return kRefusals.size() == static_cast<std::size_t>(RefusalReason::count);
}
static_assert(is_in_order(), "each reason has its name here, in the order of reasons.h");

}  // namespace

std::string_view name_of(RefusalReason reason) {
  const auto index = static_cast<std::size_t>(reason);
  return index < kRefusals.size() ? kRefusals[index].name : "";
}

std::string_view name_of(CloseReason reason) {
  switch (reason) {
    case CloseReason::client_close:
      return "client_close";
    case CloseReason::client_gone:
      return "client_gone";
    case CloseReason::protocol_error:
      return "protocol_error";
    case CloseReason::message_too_large:
      return "message_too_large";
    case CloseReason::rate_exceeded:
      return "rate_exceeded";
    case CloseReason::control_rate:
      return "control_rate";
    case CloseReason::ping_timeout:
      return "ping_timeout";
    case CloseReason::slow_consumer:
      return "slow_consumer";
    case CloseReason::overrun:
      return "overrun";
    case CloseReason::bus_gap:
      return "bus_gap";
    case CloseReason::not_recovered:
      return "not_recovered";
    case CloseReason::token_expired:
      return "token_expired";
    case CloseReason::key_removed:
      return "key_removed";
    case CloseReason::shutdown:
      return "shutdown";
    case CloseReason::internal:
      return "internal";
    case CloseReason::count:
      break;
  }
  return "";
}

}  // namespace carillon::client

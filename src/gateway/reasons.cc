#include "gateway/reasons.h"

namespace carillon::gateway {

std::string_view name_of(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::bad_request:
      return "bad_request";
    case RefusalReason::uri_too_long:
      return "uri_too_long";
    case RefusalReason::head_too_large:
      return "head_too_large";
    case RefusalReason::not_found:
      return "not_found";
    case RefusalReason::method_not_allowed:
      return "method_not_allowed";
    case RefusalReason::draining:
      return "draining";
    case RefusalReason::connections_max:
      return "connections_max";
    case RefusalReason::endpoint_full:
      return "endpoint_full";
    case RefusalReason::accept_rate:
      return "accept_rate";
    case RefusalReason::origin:
      return "origin";
    case RefusalReason::token_missing:
      return "token_missing";
    case RefusalReason::token_invalid:
      return "token_invalid";
    case RefusalReason::not_an_upgrade:
      return "not_an_upgrade";
    case RefusalReason::bad_upgrade:
      return "bad_upgrade";
    case RefusalReason::handshake_timeout:
      return "handshake_timeout";
    case RefusalReason::count:
      break;
  }
  return "";
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
    case CloseReason::ping_timeout:
      return "ping_timeout";
    case CloseReason::slow_consumer:
      return "slow_consumer";
    case CloseReason::overrun:
      return "overrun";
    case CloseReason::token_expired:
      return "token_expired";
    case CloseReason::shutdown:
      return "shutdown";
    case CloseReason::internal:
      return "internal";
    case CloseReason::count:
      break;
  }
  return "";
}

}  // namespace carillon::gateway

#include "auth/token_fault.h"

namespace carillon::auth {
namespace {

// How far a token came before it was refused.
int progress(TokenFault fault) {
  switch (fault) {
    case TokenFault::too_long:
      return 0;
    case TokenFault::malformed:
      return 1;
    case TokenFault::algorithm_refused:
      return 2;
    case TokenFault::unknown_critical:
      return 3;
    case TokenFault::unknown_key:
      return 4;
    case TokenFault::bad_signature:
      return 5;
    case TokenFault::time_in_milliseconds:
      return 6;
    case TokenFault::wrong_issuer:
      return 7;
    case TokenFault::wrong_audience:
      return 8;
    case TokenFault::missing_claim:
      return 9;
    case TokenFault::not_yet_valid:
      return 10;
    case TokenFault::expired:
      return 11;
  }
  return 0;
}

}  // namespace

std::string_view name_of(TokenFault fault) {
  switch (fault) {
    case TokenFault::too_long:
      return "too_long";
    case TokenFault::malformed:
      return "malformed";
    case TokenFault::algorithm_refused:
      return "algorithm_refused";
    case TokenFault::unknown_key:
      return "unknown_key";
    case TokenFault::unknown_critical:
      return "unknown_critical";
    case TokenFault::bad_signature:
      return "bad_signature";
    case TokenFault::expired:
      return "expired";
    case TokenFault::not_yet_valid:
      return "not_yet_valid";
    case TokenFault::wrong_issuer:
      return "wrong_issuer";
    case TokenFault::wrong_audience:
      return "wrong_audience";
    case TokenFault::missing_claim:
      return "missing_claim";
    case TokenFault::time_in_milliseconds:
      return "time_in_milliseconds";
  }
  return "unknown";
}

TokenFault more_telling(TokenFault a, TokenFault b) { return progress(a) >= progress(b) ? a : b; }

}  // namespace carillon::auth

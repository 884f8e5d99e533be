// Whether the certificates of a PEM text are valid now (RFC 5280 section 4.1.2.5).
//
// Thread: any; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace carillon::reactor {

// A certificate that expires sooner than this causes a warning.
inline constexpr std::chrono::days kCertificateEndsSoon{14};

// What is wrong with the validity period of certificates, if anything.
struct CertificateValidity {
  std::optional<std::string> fault;   // expired or not yet valid: no client would accept it
  std::optional<std::string> advice;  // it expires soon
};

// Checks the server's certificate and those of its issuers. Skips certificates that it cannot parse;
// TlsContext::for_servers() refuses those.
CertificateValidity judge_validity(std::string_view certificates_pem, WallTime now);

}  // namespace carillon::reactor

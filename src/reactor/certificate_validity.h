// Whether the certificates of a PEM text are valid now (RFC 5280 section 4.1.2.5).
//
// Thread: any; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace carillon::reactor {

// A certificate that ends sooner than this earns advice.
inline constexpr std::chrono::days kCertificateEndsSoon{14};

// What is wrong with the validity period of certificates, if anything.
struct CertificateValidity {
  std::optional<std::string> fault;   // expired or not yet valid: no client would take it
  std::optional<std::string> advice;  // it ends soon
};

// Checks all of them: the server's own and its issuers'. Certificates that cannot be parsed are left to the
// caller to judge (TlsContext::for_servers).
CertificateValidity judge_validity(std::string_view certificates_pem, WallTime now);

}  // namespace carillon::reactor

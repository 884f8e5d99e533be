// Whether the certificates of a PEM text are valid now (RFC 5280 section 4.1.2.5), and complete.
//
// Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace carillon::reactor {

// A certificate that expires sooner than this causes a warning.
inline constexpr std::chrono::days kCertificateEndsSoon{14};

// What is wrong with the certificates of a server, if anything.
struct CertificateValidity {
  std::optional<std::string> fault;  // expired or not yet valid: no client would accept it
  std::vector<std::string> advice;   // it works, but not for long or not for every client
};

// Checks the validity periods of the server's certificate and of its issuers, whether the first one names
// hosts (subjectAltName), and whether an issuer is missing. Skips certificates that it cannot parse;
// TlsContext::for_servers() refuses those. Reads the system's certificate store: blocks.
CertificateValidity judge_validity(std::string_view certificates_pem, WallTime now);

// When the first of the certificates expires; nothing when there is none that can be parsed.
std::optional<WallTime> first_expiry(std::string_view certificates_pem);

}  // namespace carillon::reactor

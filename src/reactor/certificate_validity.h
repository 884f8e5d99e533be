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

// Returns what clients may find wrong with the certificates of a server: the first of them that has expired,
// is not yet valid or expires soon, a server's certificate that names no hosts (subjectAltName), and a
// missing issuer. None of it is a reason not to serve: a clock may be wrong at boot, and a process that
// restarts with an expired certificate must still serve its other addresses. Skips certificates that it
// cannot parse; TlsContext::for_servers() refuses those. Reads the system's certificate store: blocks.
std::vector<std::string> certificate_warnings(std::string_view certificates_pem, WallTime now);

// When the first of the certificates expires; nothing when there is none that can be parsed.
std::optional<WallTime> first_expiry(std::string_view certificates_pem);

}  // namespace carillon::reactor

// OpenID Connect Discovery 1.0, as far as it is needed: where an issuer publishes its keys.
//
// Thread: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace carillon::auth {

constexpr std::size_t kDiscoveryBytesMax = 64 * 1024;

// The address of an issuer's metadata (section 4): "/.well-known/openid-configuration" below the issuer.
std::string discovery_url(std::string_view issuer);

// Returns the jwks_uri of the metadata. Its `issuer` must equal the configured one, byte for byte (section
// 4.3), and its jwks_uri must be https, or on this machine when the issuer is. The error completes a sentence
// that begins with the document's name.
Result<std::string> jwks_uri_in(std::string_view metadata, std::string_view issuer);

}  // namespace carillon::auth

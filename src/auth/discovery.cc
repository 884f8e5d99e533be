#include "auth/discovery.h"

#include "config/key_set_url.h"
#include "config/text.h"
#include "json/reader.h"

namespace carillon::auth {
namespace {

constexpr unsigned kDepthMax = 16;

bool is_plain_http(std::string_view url) { return url.starts_with("http://"); }

}  // namespace

std::string discovery_url(std::string_view issuer) {
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  return std::string(issuer) + "/.well-known/openid-configuration";
}

Result<std::string> jwks_uri_in(std::string_view metadata, std::string_view issuer) {
  const auto object = json::parse(
      metadata,
      {.duplicates = json::Duplicates::refuse, .depth_max = kDepthMax, .bytes_max = kDiscoveryBytesMax});
  if (!object) return failure("is not OpenID metadata: " + object.error().message());
  const auto named = object->find("issuer");
  const auto stated = named ? named->string() : json::Value().string();
  if (!stated) return failure("has no issuer");
  if (*stated != issuer) {
    return failure("is of the issuer " + config::quoted(*stated) + ", not of " + config::quoted(issuer) +
                   "; write the issuer exactly as it is there");
  }
  const auto uri = object->find("jwks_uri");
  auto url = uri ? uri->string() : json::Value().string();
  if (!url) return failure("has no jwks_uri");
  if (const auto server = config::parse_key_set_url(*url); !server) {
    return failure("has a jwks_uri that " + server.error().message);
  }
  if (is_plain_http(*url) && !is_plain_http(issuer)) return failure("has a jwks_uri without TLS");
  return std::move(*url);
}

}  // namespace carillon::auth

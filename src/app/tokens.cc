#include "app/tokens.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "app/dev/samples.h"
#include "auth/authenticator.h"
#include "config/quantity.h"
#include "json/reader.h"
#include "json/writer.h"

namespace carillon::app {
namespace {

bool lists(const std::vector<std::string>& list, const std::string& wanted) {
  return list.empty() || std::find(list.begin(), list.end(), wanted) != list.end();
}

std::string joined_by_blanks(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : " ") + text;
  return all;
}

std::string quoted_json(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

// Claims by name, in the order in which they were added; the first of a name counts.
class ClaimList {
 public:
  bool has(std::string_view name) const {
    return std::any_of(claims_.begin(), claims_.end(),
                       [name](const auto& claim) { return claim.first == name; });
  }
  void add_unless_there(std::string name, std::string raw) {
    if (!has(name)) claims_.emplace_back(std::move(name), std::move(raw));
  }
  std::string text() const {
    std::string out;
    json::ObjectWriter writer(out);
    for (const auto& [name, raw] : claims_) writer.raw_member(name, raw);
    writer.close();
    return out;
  }

 private:
  std::vector<std::pair<std::string, std::string>> claims_;
};

std::optional<Error> add_members(std::string_view object, std::string_view option, ClaimList& claims) {
  const auto parsed = json::parse(object);
  if (!parsed || !parsed->is(json::Type::object)) {
    return Error{std::string(option) + R"( must be a JSON object, such as '{"role":"editor"}')"};
  }
  for (const json::Member& member : parsed->members()) {
    auto name = member.name();
    if (!name) return Error{std::string(option) + " has a name that is not valid UTF-8"};
    claims.add_unless_there(std::move(*name), std::string(member.value.raw()));
  }
  return std::nullopt;
}

// The option that sets a claim of its own; empty: --claims may hold it.
std::string_view option_of(std::string_view claim, const TokenRequest& request) {
  if (claim == "sub") return "--sub";
  if (claim == "exp" || claim == "iat") return "--ttl";
  if (claim == "iss" && !request.issuer.empty()) return "--iss";
  if (claim == "aud" && !request.audience.empty()) return "--aud";
  return {};
}

}  // namespace

Result<seconds> parse_ttl(std::string_view text) {
  const auto duration = config::parse_duration(text);
  if (!duration) {
    const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    if (is_number) {
      return failure("\"" + std::string(text) + "\" has no unit; write " + std::string(text) +
                     "s for seconds");
    }
    return failure("\"" + std::string(text) +
                   "\" is not a duration; write a number with a unit, such as 90s, 15m or 1h, at most 2400h");
  }
  if (*duration < seconds(1)) return failure("a token must be valid for at least 1s");
  return std::chrono::floor<seconds>(*duration);
}

Result<std::string> claims_of(const TokenRequest& request, WallTime now) {
  ClaimList claims;
  if (!request.claims.empty()) {
    if (auto error = add_members(request.claims, "--claims", claims))
      return tl::unexpected(std::move(*error));
  }
  for (const char* name : {"sub", "iat", "exp", "iss", "aud"}) {
    const std::string_view option = option_of(name, request);
    if (claims.has(name) && !option.empty()) {
      return failure("--claims must not hold " + std::string(name) + "; write " + std::string(option) +
                     " instead");
    }
  }
  const auto issued_at = std::chrono::floor<seconds>(now).time_since_epoch();
  claims.add_unless_there("sub", quoted_json(request.subject));
  claims.add_unless_there("iat", std::to_string(issued_at.count()));
  claims.add_unless_there("exp", std::to_string((issued_at + request.ttl).count()));
  if (!request.issuer.empty()) claims.add_unless_there("iss", quoted_json(request.issuer));
  if (!request.audience.empty()) claims.add_unless_there("aud", quoted_json(request.audience));
  if (!request.required.empty()) {
    if (auto error = add_members(request.required, "the configuration", claims)) {
      return tl::unexpected(std::move(*error));
    }
  }
  return claims.text();
}

Result<std::string> mint_token(const auth::Signer& signer, const TokenRequest& request, WallTime now) {
  const auto claims = claims_of(request, now);
  return claims ? signer.mint(*claims, request.key_id) : tl::unexpected(claims.error());
}

Result<std::string> mint_token(std::string_view secret, const TokenRequest& request, WallTime now) {
  const auto claims = claims_of(request, now);
  return claims ? auth::mint_hs256(secret, *claims) : tl::unexpected(claims.error());
}

std::optional<auth::Algorithm> signing_algorithm(const config::KeySettings& key,
                                                 const config::EndpointAuth& auth) {
  for (const std::string& name : key.algorithms) {
    const auto algorithm = auth::algorithm_named(name);
    const bool is_hmac = algorithm && auth::family_of(*algorithm) == auth::AlgorithmFamily::hmac;
    if (is_hmac && lists(auth.algorithms, name)) return algorithm;
  }
  return std::nullopt;
}

bool can_sign(const config::KeySettings& key, const config::EndpointAuth& auth) {
  return !key.secret.empty() && auth.mode == config::AuthMode::jwt && lists(auth.keys, key.name) &&
         signing_algorithm(key, auth).has_value();
}

std::string required_claims(const config::KeySettings& key, const config::EndpointSettings& endpoint) {
  const config::EndpointAuth& auth = endpoint.auth;
  std::string claims;
  json::ObjectWriter writer(claims);
  if (!key.issuer.empty()) writer.member("iss", key.issuer);
  if (!key.audience.empty()) writer.member("aud", key.audience);
  if (!auth.authorized_parties.empty()) writer.member("azp", auth.authorized_parties.front());
  if (!auth.scopes.empty()) writer.member("scope", joined_by_blanks(auth.scopes));
  const config::SelectSettings& select = endpoint.select;
  constexpr std::array<std::string_view, 7> kOthers{"iss", "aud", "azp", "scope", "sub", "iat", "exp"};
  const bool is_other = std::find(kOthers.begin(), kOthers.end(), select.parameter) != kOthers.end();
  if (select.by == config::SelectBy::claim && !is_other) {
    writer.member(select.parameter, selected_value(select));
  }
  writer.close();
  return claims;
}

std::optional<std::string> token_for(const config::EndpointSettings& endpoint,
                                     const config::Settings& settings, TokenRequest request, WallTime now) {
  for (const config::KeySettings& key : settings.keys) {
    if (!can_sign(key, endpoint.auth)) continue;
    const auto signer = auth::Signer::make(key.secret.reveal(), signing_algorithm(key, endpoint.auth));
    if (!signer) continue;
    request.key_id = key.key_id;
    request.required = required_claims(key, endpoint);
    const std::string& permits = endpoint.auth.channels_claim;
    if (!permits.empty() && request.claims.empty()) {
      json::ObjectWriter claims(request.claims);
      claims.raw_member(permits, R"(["*"])");
    }
    if (auto token = mint_token(*signer, request, now)) return *std::move(token);
  }
  return std::nullopt;
}

}  // namespace carillon::app

#include "auth/claims.h"

#include <algorithm>

#include "auth/numeric_date.h"
#include "json/reader.h"

namespace carillon::auth {
namespace {

bool read_text(const json::Value& value, std::string& out) {
  auto text = value.string();
  if (!text) return false;
  out = std::move(*text);
  return true;
}

std::optional<TokenFault> malformed_unless(bool good) {
  return good ? std::nullopt : std::optional(TokenFault::malformed);
}

std::optional<TokenFault> read_date(const json::Value& value, std::optional<WallTime>& out) {
  if (!value.is(json::Type::number)) return TokenFault::malformed;
  out = numeric_date(value.raw());
  if (!out) return TokenFault::malformed;
  // An `exp` in milliseconds would make the token good for fifty thousand years.
  if (looks_like_milliseconds(value.raw())) return TokenFault::time_in_milliseconds;
  return std::nullopt;
}

bool read_audience(const json::Value& value, std::vector<std::string>& out) {
  if (!value.is(json::Type::array)) return read_text(value, out.emplace_back());
  for (const json::Value& element : value.elements()) {
    if (!read_text(element, out.emplace_back())) return false;
  }
  return true;
}

void read_channels(const json::Value& value, std::vector<ChannelPattern>& out) {
  for (const json::Value& element : value.elements()) {
    const auto text = element.string();
    if (!text || out.size() == kTokenChannelsMax) continue;
    if (auto pattern = ChannelPattern::parse(*text)) out.push_back(std::move(*pattern));
  }
}

std::optional<TokenFault> read_claim(const json::Member& member, Claims& claims) {
  std::optional<WallTime> issued_at;  // judged for its form only
  if (member.named("exp")) return read_date(member.value, claims.expires_at);
  if (member.named("nbf")) return read_date(member.value, claims.not_before);
  if (member.named("iat")) return read_date(member.value, issued_at);
  if (member.named("iss")) return malformed_unless(read_text(member.value, claims.issuer.emplace()));
  if (member.named("aud")) return malformed_unless(read_audience(member.value, claims.audience));
  if (member.named("sub")) return malformed_unless(read_text(member.value, claims.subject));
  return std::nullopt;
}

}  // namespace

Result<Claims, TokenFault> parse_claims(std::string_view payload, std::string_view channels_claim) {
  const auto object = json::parse(payload, {.duplicates = json::Duplicates::refuse,
                                            .depth_max = kTokenDepthMax,
                                            .bytes_max = payload.size(),
                                            .members_max = kTokenMembersMax});
  if (!object || !object->is(json::Type::object)) return tl::unexpected(TokenFault::malformed);
  Claims claims;
  for (const json::Member& member : object->members()) {
    if (const auto fault = read_claim(member, claims)) return tl::unexpected(*fault);
    if (!channels_claim.empty() && member.named(channels_claim)) read_channels(member.value, claims.channels);
  }
  return claims;
}

Validity validity_of(const Claims& claims, const ClaimRules& rules) {
  Validity validity;
  if (claims.expires_at) validity.until = *claims.expires_at + rules.leeway;
  if (claims.not_before) validity.from = *claims.not_before - rules.leeway;
  return validity;
}

std::optional<TokenFault> judge(const Claims& claims, const ClaimRules& rules, WallTime now) {
  if (!rules.issuer.empty() && claims.issuer != rules.issuer) return TokenFault::wrong_issuer;
  const auto& audience = claims.audience;
  if (!rules.audience.empty() &&
      std::find(audience.begin(), audience.end(), rules.audience) == audience.end()) {
    return TokenFault::wrong_audience;
  }
  if (rules.require_exp && !claims.expires_at) return TokenFault::missing_claim;
  const Validity validity = validity_of(claims, rules);
  if (now < validity.from) return TokenFault::not_yet_valid;
  if (now >= validity.until) return TokenFault::expired;
  return std::nullopt;
}

}  // namespace carillon::auth

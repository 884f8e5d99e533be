#include "auth/claims.h"

#include <algorithm>
#include <array>

#include "auth/numeric_date.h"
#include "event/channel_name.h"
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

bool add_selected(const json::Value& value, std::vector<std::string>& out) {
  std::string name;
  if (!read_text(value, name) || channel_name_fault(name) != ChannelNameFault::none) return false;
  if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(std::move(name));
  return out.size() <= kTokenSelectedMax;
}

void read_selected(const json::Value& value, Selected& out) {
  bool good = true;
  if (value.is(json::Type::array)) {
    for (const json::Value& element : value.elements()) good = good && add_selected(element, out.channels);
  } else {
    good = add_selected(value, out.channels);
  }
  out.state = good ? Selected::State::present : Selected::State::malformed;
}

constexpr std::array<std::string_view, 3> kPartyClaims = {"azp", "client_id", "appid"};  // the first wins

// Reads names that have blanks between them (RFC 8693 section 4.2).
void read_names(std::string_view text, std::vector<std::string>& out) {
  while (!text.empty()) {
    const std::size_t blank = text.find(' ');
    if (blank != 0) out.emplace_back(text.substr(0, blank));
    text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
  }
}

// Some issuers write an array of names; a name with a blank in it can only be refused.
void read_scopes(const json::Value& value, std::vector<std::string>& out) {
  if (const auto text = value.string()) return read_names(*text, out);
  for (const json::Value& element : value.elements()) {
    auto name = element.string();
    if (name && name->find(' ') == std::string::npos) out.push_back(std::move(*name));
  }
}

// `party_rank` is the place in kPartyClaims of the claim that the party came from.
std::optional<TokenFault> read_grant(const json::Member& member, Claims& claims, std::size_t& party_rank) {
  if (member.named("scope") || member.named("scp")) read_scopes(member.value, claims.scopes);
  for (std::size_t rank = 0; rank < kPartyClaims.size(); ++rank) {
    if (!member.named(kPartyClaims[rank])) continue;
    auto text = member.value.string();
    if (!text) return TokenFault::malformed;
    if (rank >= party_rank) continue;
    claims.party = std::move(*text);
    party_rank = rank;
  }
  return std::nullopt;
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

Result<json::Value, TokenFault> parse_payload(std::string_view payload) {
  const auto object = json::parse(payload, {.duplicates = json::Duplicates::refuse,
                                            .depth_max = kTokenDepthMax,
                                            .bytes_max = payload.size(),
                                            .members_max = kTokenMembersMax});
  if (!object || !object->is(json::Type::object)) return tl::unexpected(TokenFault::malformed);
  return *object;
}

}  // namespace

Result<Claims, TokenFault> parse_claims(std::string_view payload, const ClaimNames& names,
                                        GrantClaims grants) {
  const auto object = parse_payload(payload);
  if (!object) return tl::unexpected(object.error());
  Claims claims;
  std::size_t party_rank = kPartyClaims.size();
  for (const json::Member& member : object->members()) {
    if (const auto fault = read_claim(member, claims)) return tl::unexpected(*fault);
    if (grants == GrantClaims::read) {
      if (const auto fault = read_grant(member, claims, party_rank)) return tl::unexpected(*fault);
    }
    if (!names.channels.empty() && member.named(names.channels)) read_channels(member.value, claims.channels);
    if (!names.selection.empty() && member.named(names.selection))
      read_selected(member.value, claims.selected);
  }
  return claims;
}

Result<std::optional<std::string>, TokenFault> unverified_issuer(std::string_view payload) {
  const auto object = parse_payload(payload);
  if (!object) return tl::unexpected(object.error());
  const auto issuer = object->find("iss");
  if (!issuer) return std::optional<std::string>();
  auto text = issuer->string();
  if (!text) return tl::unexpected(TokenFault::malformed);
  return std::optional<std::string>(std::move(*text));
}

std::optional<TokenFault> judge_grant(const Claims& claims, const GrantRules& rules) {
  const auto holds = [](const std::vector<std::string>& list, const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
  };
  if (!rules.parties.empty() && !holds(rules.parties, claims.party)) return TokenFault::wrong_party;
  for (const std::string& scope : rules.scopes) {
    if (!holds(claims.scopes, scope)) return TokenFault::missing_scope;
  }
  return std::nullopt;
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

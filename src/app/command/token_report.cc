#include "app/command/token_report.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "auth/compact_jws.h"
#include "auth/numeric_date.h"
#include "config/text.h"
#include "json/reader.h"

namespace carillon::app {
namespace {

using Outcome = TokenCheck::Outcome;
using Match = auth::SetVerifier::Match;

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + config::quoted(text);
  return all;
}

std::string names_of(auth::AlgorithmSet algorithms) {
  std::string all;
  for (const auth::Algorithm each : algorithms.list()) {
    all += (all.empty() ? "" : ", ") + std::string(auth::name_of(each));
  }
  return all;
}

// Report: the checks of one token, in order. Each step returns whether the next ones make sense.
class Report {
 public:
  Report(std::string_view token, std::vector<NamedKey>& keys, const TokenRules& rules, WallTime now)
      : token_(token), keys_(keys), rules_(rules), now_(now) {}

  std::vector<TokenCheck> run() && {
    if (check_form() && check_algorithm()) {
      check_keys();
      check_times();
      check_claims();
    }
    return std::move(checks_);
  }

 private:
  void add(std::string name, Outcome outcome, std::string detail) {
    checks_.push_back({std::move(name), outcome, std::move(detail)});
  }
  void add(std::string name, bool is_good, std::string detail) {
    add(std::move(name), is_good ? Outcome::ok : Outcome::fails, std::move(detail));
  }
  bool stop(std::string name, std::string why) {
    add(std::move(name), Outcome::fails, std::move(why));
    return false;
  }
  std::string kid() const { return header_.key_id ? "kid " + config::quoted(*header_.key_id) : "no kid"; }

  bool check_form();
  bool check_algorithm();
  void check_keys();
  std::string why_not_tried(NamedKey& key) const;
  void check_times();
  void check_claims();
  void check_grant();
  std::optional<auth::TokenFault> judge_only(const auth::ClaimRules& rules) const;

  const std::string_view token_;
  std::vector<NamedKey>& keys_;
  const TokenRules& rules_;
  const WallTime now_;
  std::vector<TokenCheck> checks_;
  auth::CompactJws jws_;
  auth::JoseHeader header_;
  auth::Claims claims_;
  auth::Algorithm algorithm_ = auth::Algorithm::hs256;
  auth::ClaimRules key_rules_;  // of the key that verified the signature, or of the first that was tried
};

bool Report::check_form() {
  constexpr const char* kName = "form";
  if (token_.size() > rules_.token_bytes_max) {
    return stop(kName, std::to_string(token_.size()) + " bytes; server.token_bytes_max allows " +
                           std::to_string(rules_.token_bytes_max));
  }
  if (!jws_.take_apart(token_)) return stop(kName, "not three parts of base64url with dots between them");
  auto header = auth::parse_header(jws_.header);
  if (!header)
    return stop(kName, "the header is no JSON object with an alg, or a member of it is given twice");
  header_ = *std::move(header);
  const auto grants = rules_.grants.exist() ? auth::GrantClaims::read : auth::GrantClaims::skip;
  auto claims = auth::parse_claims(jws_.payload, {rules_.channels_claim, rules_.selection_claim}, grants);
  if (!claims && claims.error() == auth::TokenFault::time_in_milliseconds) {
    return stop(kName, "exp, nbf or iat is in milliseconds; its issuer must write seconds");
  }
  if (!claims) {
    return stop(
        kName,
        "the claims are no JSON object, one is given twice, or exp, nbf, iat, iss, aud or sub is of a "
        "wrong type");
  }
  claims_ = *std::move(claims);
  add(kName, true, "header and claims can be read");
  return true;
}

bool Report::check_algorithm() {
  auth::AlgorithmSet listed;
  for (const NamedKey& each : keys_) listed.add(each.key.algorithms());
  const auto algorithm = auth::algorithm_named(header_.algorithm);
  if (!algorithm || !listed.has(*algorithm)) {
    return stop("algorithm",
                config::quoted(header_.algorithm) + "; the keys of this endpoint list " + names_of(listed));
  }
  algorithm_ = *algorithm;
  add("algorithm", true, std::string(auth::name_of(algorithm_)));
  if (header_.critical == auth::JoseHeader::Critical::absent) return true;
  return stop("crit", "the header has crit, and no extension is supported");
}

// Empty: the gateway tries it.
std::string Report::why_not_tried(NamedKey& key) const {
  if (!key.key.lists(algorithm_)) return "it lists " + names_of(key.key.algorithms());
  auth::SetVerifier* const set = key.key.set();
  if (!set) return key.key.takes(header_.key_id) ? "" : "it has another key_id; the token has " + kid();
  const std::string& issuer = key.key.rules().issuer;
  if (!issuer.empty() && claims_.issuer != issuer) return "it is for the issuer " + config::quoted(issuer);
  if (!set->has_keys()) return "the set has no keys";
  switch (set->match(header_.key_id, algorithm_)) {
    case Match::unknown_id:
      return header_.key_id ? "the set has no key with " + kid()
                            : "the token has no kid, and several keys of the set fit its algorithm";
    case Match::other_algorithm:
      return "the key with " + kid() + " is for another algorithm";
    case Match::usable:
      break;
  }
  return {};
}

void Report::check_keys() {
  bool was_tried = false;
  bool is_verified = false;
  for (NamedKey& each : keys_) {
    const std::string name = "key " + each.name;
    if (const std::string why = why_not_tried(each); !why.empty()) {
      add(name, Outcome::skipped, "not tried: " + why);
      continue;
    }
    const auto mark = each.key.verify(header_.key_id, algorithm_, jws_.signing_input, jws_.signature);
    add(name, mark.has_value(), mark ? "has made the signature" : "has not made the signature");
    if ((mark && !is_verified) || !was_tried) key_rules_ = each.key.rules();
    was_tried = true;
    is_verified |= mark.has_value();
  }
  add("signature", is_verified,
      is_verified ? "good; " + kid()
      : was_tried ? "of another key; " + kid()
                  : "no key fits; " + kid());
}

// What the gateway's own check finds with only these rules, whatever the times are.
std::optional<auth::TokenFault> Report::judge_only(const auth::ClaimRules& rules) const {
  auth::Claims claims = claims_;
  claims.expires_at.reset();
  claims.not_before.reset();
  return auth::judge(claims, rules, now_);
}

void Report::check_times() {
  const auth::ClaimRules rules{{}, {}, key_rules_.leeway, false};
  const std::string leeway =
      rules.leeway > seconds(0) ? "; leeway " + std::to_string(rules.leeway.count()) + " s" : "";
  const bool needs_exp = rules_.require_exp || key_rules_.require_exp;
  if (claims_.expires_at) {
    auth::Claims only = claims_;
    only.not_before.reset();
    add("exp", !auth::judge(only, rules, now_), time_and_distance(*claims_.expires_at, now_) + leeway);
  } else {
    add("exp", !judge_only({{}, {}, rules.leeway, needs_exp}),
        needs_exp ? "missing, and required (require_exp)" : "none: it does not expire");
  }
  if (claims_.not_before) {
    auth::Claims only = claims_;
    only.expires_at.reset();
    add("nbf", !auth::judge(only, rules, now_), time_and_distance(*claims_.not_before, now_) + leeway);
  }
  const auto claims = json::parse(jws_.payload);
  const auto issued = claims ? claims->find("iat") : std::nullopt;
  if (const auto time = issued ? auth::numeric_date(issued->raw()) : std::nullopt) {
    add("iat", true, time_and_distance(*time, now_));
  }
}

void Report::check_claims() {
  const std::string issuer = claims_.issuer ? config::quoted(*claims_.issuer) : "none";
  const bool is_issuer_free = key_rules_.issuer.empty();
  add("issuer",
      is_issuer_free                                   ? Outcome::skipped
      : judge_only({key_rules_.issuer, {}, {}, false}) ? Outcome::fails
                                                       : Outcome::ok,
      issuer + (is_issuer_free ? "; any will do" : "; required is " + config::quoted(key_rules_.issuer)));
  const std::string audience = claims_.audience.empty() ? "none" : joined(claims_.audience);
  const bool is_audience_free = key_rules_.audience.empty();
  add("audience",
      is_audience_free                                   ? Outcome::skipped
      : judge_only({{}, key_rules_.audience, {}, false}) ? Outcome::fails
                                                         : Outcome::ok,
      audience +
          (is_audience_free ? "; any will do" : "; required is " + config::quoted(key_rules_.audience)));
  check_grant();
  add("subject", Outcome::ok, claims_.subject.empty() ? "none" : config::quoted(claims_.subject));
}

void Report::check_grant() {
  if (!rules_.grants.parties.empty()) {
    add("party", !auth::judge_grant(claims_, {rules_.grants.parties, {}}),
        (claims_.party.empty() ? "none" : config::quoted(claims_.party)) +
            "; one of these is required: " + joined(rules_.grants.parties));
  }
  if (!rules_.grants.scopes.empty()) {
    add("scopes", !auth::judge_grant(claims_, {{}, rules_.grants.scopes}),
        (claims_.scopes.empty() ? "none" : joined(claims_.scopes)) +
            "; all of these are required: " + joined(rules_.grants.scopes));
  }
  if (!rules_.selection_claim.empty()) {
    add("selection", claims_.selected.state == auth::Selected::State::present,
        std::to_string(claims_.selected.channels.size()) + " channels in the claim " +
            config::quoted(rules_.selection_claim));
  }
  if (!rules_.channels_claim.empty()) {
    add("channels", Outcome::ok,
        std::to_string(claims_.channels.size()) + " patterns in the claim " +
            config::quoted(rules_.channels_claim));
  }
}

}  // namespace

std::string_view name_of(TokenCheck::Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::fails:
      return "FAIL";
    case Outcome::skipped:
      break;
  }
  return "-";
}

std::vector<TokenCheck> check_token(std::string_view token, std::vector<NamedKey>& keys,
                                    const TokenRules& rules, WallTime now) {
  return Report(token, keys, rules, now).run();
}

std::string time_and_distance(WallTime time, WallTime now) {
  const auto apart = std::chrono::floor<seconds>(time > now ? time - now : now - time).count();
  const std::string amount = apart < 120          ? std::to_string(apart) + " s"
                             : apart < 7200       ? std::to_string(apart / 60) + " min"
                             : apart < 48 * 3600L ? std::to_string(apart / 3600) + " h"
                                                  : std::to_string(apart / 86400) + " days";
  return rfc3339_seconds(time) + (time > now ? ", in " + amount : ", " + amount + " ago");
}

}  // namespace carillon::app

#include "gateway/handshake.h"

#include <optional>

#include "http/target.h"
#include "websocket/handshake.h"

namespace carillon::gateway {
namespace {

Refused refused(RefusalReason reason, int status, std::string_view message) {
  return {reason, http::error_response(status, message), {}};
}

// 429, and when to come again.
Refused over_rate(const Endpoint& endpoint, Admission& admission, const Visitor& visitor) {
  Refused out = refused(RefusalReason::accept_rate, 429, "too many connections from this address");
  out.response.headers.emplace_back(
      "Retry-After", std::to_string(admission.retry_after_s(endpoint, visitor.address, visitor.now)));
  return out;
}

Refused refused(Admission::Answer answer, const Endpoint& endpoint, Admission& admission,
                const Visitor& visitor) {
  switch (answer) {
    case Admission::Answer::draining: {
      Refused out = refused(RefusalReason::draining, 503, "shutting down");
      out.response.headers.emplace_back("Retry-After", "1");
      return out;
    }
    case Admission::Answer::connections_max:
      return refused(RefusalReason::connections_max, 503, "too many connections");
    case Admission::Answer::rate_exceeded:
      return over_rate(endpoint, admission, visitor);
    case Admission::Answer::endpoint_full:
    case Admission::Answer::admitted:
      break;
  }
  return refused(RefusalReason::endpoint_full, 503, "too many connections");
}

// A token as the request carries it.
struct Presented {
  enum class State { absent, present, unusable };
  State state = State::absent;
  std::string token;
};

Presented token_in_query(const http::RequestHead& head, const std::string& parameter) {
  const auto query = http::QueryParameters::parse(head.query);
  if (!query) return {Presented::State::unusable, {}};
  if (query->count(parameter) > 1) return {Presented::State::unusable, {}};  // C7
  const auto token = query->first(parameter);
  if (!token || token->empty()) return {};
  return {Presented::State::present, std::string(*token)};
}

// "Authorization: Bearer <token>", the scheme in any case; any other scheme is somebody else's.
Presented token_in_header(const http::RequestHead& head) {
  if (head.count("Authorization") > 1) return {Presented::State::unusable, {}};
  const auto value = head.header("Authorization");
  if (!value) return {};
  const std::size_t space = value->find(' ');
  if (!http::equal_ignoring_case(value->substr(0, space), "bearer")) return {};
  if (space == std::string_view::npos) return {Presented::State::unusable, {}};
  return {Presented::State::present, std::string(http::trimmed(value->substr(space)))};
}

Presented find_token(const Endpoint& endpoint, const http::RequestHead& head) {
  for (const config::TokenPlace& place : endpoint.settings.auth.sources) {
    Presented presented = place.source == config::TokenSource::query ? token_in_query(head, place.parameter)
                                                                     : token_in_header(head);
    if (presented.state != Presented::State::absent) return presented;
  }
  return {};
}

std::optional<Refused> judge_origin(const Endpoint& endpoint, const http::RequestHead& head) {
  if (head.count("Origin") > 1) return refused(RefusalReason::bad_request, 400, "more than one Origin");
  const auto origin = head.header("Origin");
  if (endpoint.origins.admits(origin.value_or(""), origin.has_value())) return std::nullopt;
  return refused(RefusalReason::origin, 403, "origin not allowed");
}

std::variant<Ref<const auth::Identity>, Refused> judge_token(const Endpoint& endpoint,
                                                             const http::RequestHead& head,
                                                             auth::Authenticator* authenticator,
                                                             WallTime now) {
  if (!authenticator) return Ref<const auth::Identity>{};
  const Presented presented = find_token(endpoint, head);
  if (presented.state == Presented::State::absent) {
    return Refused{RefusalReason::token_missing, endpoint.token_missing, {}};
  }
  if (presented.state == Presented::State::unusable) {
    return Refused{RefusalReason::token_invalid, endpoint.token_invalid, "unusable"};
  }
  auto identity = authenticator->verify(presented.token, now);
  if (identity) return std::move(*identity);
  return Refused{RefusalReason::token_invalid, endpoint.token_invalid,
                 std::string(auth::name_of(identity.error()))};
}

std::variant<Upgrade, Refused> judge_headers(const Endpoint& endpoint, const http::RequestHead& head) {
  const http::UpgradeCheck check = http::check_websocket_upgrade(head);
  if (check.fault != http::UpgradeFault::none) {
    const bool not_one = check.fault == http::UpgradeFault::not_an_upgrade;
    return Refused{not_one ? RefusalReason::not_an_upgrade : RefusalReason::bad_upgrade,
                   http::upgrade_refusal(check.fault), std::string(http::describe(check.fault))};
  }
  if (!websocket::is_valid_key(check.key)) {
    return Refused{RefusalReason::bad_upgrade, http::upgrade_refusal(http::UpgradeFault::bad_key), {}};
  }
  Upgrade upgrade;
  if (head.count("Sec-WebSocket-Extensions") > 0) {
    const auto answer = websocket::negotiate(head.joined("Sec-WebSocket-Extensions"));
    if (answer.kind == websocket::ExtensionAnswer::Kind::malformed) {
      return refused(RefusalReason::bad_upgrade, 400, "malformed Sec-WebSocket-Extensions");
    }
    if (endpoint.settings.deflate == config::Switch::on) upgrade.extensions = answer.response;
  }
  upgrade.accept_key = websocket::accept_key(check.key);
  return upgrade;
}

}  // namespace

std::variant<Upgrade, Refused> judge_upgrade(const Endpoint& endpoint, const http::RequestHead& head,
                                             auth::Authenticator* authenticator, Admission& admission,
                                             const Visitor& visitor) {
  if (const auto answer = admission.ask(endpoint); answer != Admission::Answer::admitted) {
    return refused(answer, endpoint, admission, visitor);
  }
  if (admission.ask_rate(endpoint, visitor.address, visitor.now) == Admission::Rate::exceeded) {
    return over_rate(endpoint, admission, visitor);
  }
  if (auto origin = judge_origin(endpoint, head)) return std::move(*origin);
  auto token = judge_token(endpoint, head, authenticator, visitor.wall_now);
  if (auto* no = std::get_if<Refused>(&token)) return std::move(*no);
  auto judged = judge_headers(endpoint, head);
  if (std::holds_alternative<Refused>(judged)) return judged;
  if (const auto answer = admission.enter(endpoint, visitor.address, visitor.now);
      answer != Admission::Answer::admitted) {
    return refused(answer, endpoint, admission, visitor);
  }
  std::get<Upgrade>(judged).identity = std::get<Ref<const auth::Identity>>(std::move(token));
  return judged;
}

}  // namespace carillon::gateway

#include "client/upgrade.h"

#include <algorithm>
#include <optional>

#include "client/stream_request.h"
#include "client/token_judgement.h"
#include "http/target.h"
#include "websocket/handshake.h"

namespace carillon::client {
namespace {

// When one of the user's connections closes is unknown, so clients wait a little before they try again.
constexpr std::uint32_t kUserRetryAfterS = 5;
constexpr std::uint32_t kMemoryRetryAfterS = 5;
constexpr std::uint32_t kKeyWaitsRetryAfterS = 2;

Refused refused(RefusalReason reason, int status, std::string_view message) {
  return {reason, http::error_response(status, message), {}};
}

// Answers 429 or 503, with Retry-After where a time is known.
Refused refused(Admission::Answer answer, const protocol::Endpoint& endpoint, Admission& admission,
                const Requester& requester) {
  const auto with_retry = [](Refused out, std::uint32_t after_s) {
    out.response.headers.emplace_back("Retry-After", std::to_string(after_s));
    return out;
  };
  const config::RefusalMessages& messages = endpoint.settings.refusals;
  switch (answer) {
    case Admission::Answer::draining:
      return with_retry(refused(RefusalReason::draining, 503, messages.draining), 1);
    case Admission::Answer::memory_short:
      return with_retry(refused(RefusalReason::memory, 503, messages.memory), kMemoryRetryAfterS);
    case Admission::Answer::connections_max:
      return refused(RefusalReason::connections_max, 503, messages.connections_max);
    case Admission::Answer::address_full:
      return refused(RefusalReason::address_full, 503, messages.address_full);
    case Admission::Answer::rate_exceeded:
      return with_retry(refused(RefusalReason::accept_rate, 429, messages.accept_rate),
                        admission.retry_after_s(endpoint, {requester.address, {}}, requester.now));
    case Admission::Answer::process_rate_exceeded:
      return with_retry(refused(RefusalReason::process_accept_rate, 503, messages.process_accept_rate),
                        admission.accept_rate().retry_after_s(requester.now));
    case Admission::Answer::user_full:
      return with_retry(refused(RefusalReason::user_full, 429, messages.user_full), kUserRetryAfterS);
    case Admission::Answer::endpoint_full:
    case Admission::Answer::admitted:
      break;
  }
  return refused(RefusalReason::endpoint_full, 503, messages.endpoint_full);
}

// The token of a request, not verified yet.
struct Presented {
  enum class State { absent, present, unusable };
  State state = State::absent;
  std::string token;
};

Presented token_in_query(const http::RequestHead& head, const std::string& parameter) {
  const auto query = http::QueryParameters::parse(head.query);
  if (!query || !query->is_readable(parameter)) return {Presented::State::unusable, {}};
  if (query->count(parameter) > 1) return {Presented::State::unusable, {}};  // a repeated token is refused
  const auto token = query->first(parameter);
  if (!token || token->empty()) return {};
  return {Presented::State::present, std::string(*token)};
}

Presented token_in(const http::RequestHead& head, const std::string& header) {
  if (head.count(header) > 1) return {Presented::State::unusable, {}};
  const auto value = head.header(header);
  if (!value || value->empty()) return {};
  return {Presented::State::present, std::string(*value)};
}

// Reads "Authorization: Bearer <token>", with the scheme in any case; other schemes are ignored.
Presented token_in_header(const http::RequestHead& head) {
  if (head.count("Authorization") > 1) return {Presented::State::unusable, {}};
  const auto value = head.header("Authorization");
  if (!value) return {};
  const std::size_t space = value->find(' ');
  if (!http::equal_ignoring_case(value->substr(0, space), "bearer")) return {};
  if (space == std::string_view::npos) return {Presented::State::unusable, {}};
  return {Presented::State::present, std::string(http::trimmed(value->substr(space)))};
}

Presented find_token(const protocol::Endpoint& endpoint, const http::RequestHead& head) {
  for (const config::TokenPlace& place : endpoint.settings.auth.sources) {
    Presented presented;
    switch (place.source) {
      case config::TokenSource::query:
        presented = token_in_query(head, place.name);
        break;
      case config::TokenSource::bearer:
        presented = token_in_header(head);
        break;
      case config::TokenSource::header:
        presented = token_in(head, place.name);
        break;
    }
    if (presented.state != Presented::State::absent) return presented;
  }
  return {};
}

std::optional<Refused> judge_origin(const protocol::Endpoint& endpoint, const http::RequestHead& head) {
  const config::RefusalMessages& messages = endpoint.settings.refusals;
  if (head.count("Origin") > 1) return refused(RefusalReason::bad_request, 400, messages.repeated_origin);
  const auto origin = head.header("Origin");
  if (endpoint.origins.admits(origin.value_or(""), origin.has_value())) return std::nullopt;
  return refused(RefusalReason::origin, 403, messages.origin);
}

Refused too_many_keys(const protocol::Endpoint& endpoint, KeyGuesses& guesses, const Requester& requester) {
  Refused out = refused(RefusalReason::wrong_keys, 429, endpoint.settings.refusals.wrong_keys);
  out.response.headers.emplace_back("Retry-After",
                                    std::to_string(guesses.retry_after_s(requester.address, requester.now)));
  return out;
}

std::variant<Ref<const auth::Identity>, Refused> judge_credential(const protocol::Endpoint& endpoint,
                                                                  const http::RequestHead& head,
                                                                  auth::Authenticator* authenticator,
                                                                  KeyGuesses& guesses,
                                                                  const Requester& requester) {
  const WallTime now = requester.wall_now;
  if (!authenticator) return Ref<const auth::Identity>{};
  const Presented presented = find_token(endpoint, head);
  if (presented.state == Presented::State::absent) {
    return Refused{RefusalReason::token_missing, endpoint.token_missing.at(now), {}};
  }
  if (presented.state == Presented::State::unusable) {
    return Refused{RefusalReason::token_invalid, endpoint.token_invalid.at(now), "unusable"};
  }
  // Only keys are limited: the signature of a token cannot be guessed, a key might be.
  const bool is_key = endpoint.settings.auth.mode == config::AuthMode::api_key;
  if (is_key && !guesses.may_try(requester.address, requester.now)) {
    return too_many_keys(endpoint, guesses, requester);
  }
  if (!is_key) return judge_token(endpoint, presented.token, *authenticator, requester);
  auto identity = authenticator->verify(presented.token, now);
  if (identity) return std::move(*identity);
  guesses.note_wrong(requester.address, presented.token, requester.now);
  return Refused{RefusalReason::token_invalid, endpoint.token_invalid.at(now),
                 std::string(auth::name_of(identity.error()))};
}

// Whether the client has shown a wrong token or key. A missing one costs no check, and that a key is not
// known may be due to a key set that has changed since it was fetched.
bool is_failed_authentication(RefusalReason reason) {
  return reason == RefusalReason::token_invalid || reason == RefusalReason::token_milliseconds ||
         reason == RefusalReason::token_algorithm || reason == RefusalReason::token_issuer;
}

protocol::Selection selected_by_token(const protocol::Endpoint& endpoint, const auth::Identity& identity) {
  return selection_of(endpoint.settings.select, endpoint.source, identity.selected());
}

// Reads what the request selects; what the token selects has been read with it.
std::optional<Refused> judge_selection(const protocol::Endpoint& endpoint, const http::RequestHead& head,
                                       protocol::Selection& out) {
  const config::SelectSettings& settings = endpoint.settings.select;
  const config::RefusalMessages& messages = endpoint.settings.refusals;
  if (settings.by == config::SelectBy::query) {
    auto selection = select(settings, endpoint.source, head.query, endpoint.settings.limits.channels);
    if (!selection) return refused(RefusalReason::bad_request, 400, messages.bad_selection);
    out = std::move(*selection);
  }
  if (endpoint.path_pattern) {
    auto selection = select_by_path(settings, endpoint.source, *endpoint.path_pattern, head);
    if (!selection) return refused(RefusalReason::bad_request, 400, messages.bad_path);
    out = std::move(*selection);
  }
  return std::nullopt;
}

// Returns what the client gives as its position, which may be any text: the history judges it.
std::optional<std::string> position_in(const std::string& parameter, std::string_view query) {
  if (parameter.empty()) return std::nullopt;
  const auto parameters = http::QueryParameters::parse(query);
  if (!parameters) return std::nullopt;
  const auto values = parameters->all(parameter);
  if (values.empty() || values.front().empty()) return std::nullopt;
  return std::string(values.front());
}

// The same for a stream. EventSource reconnects with the URL that it was made with, and the id of the last
// event that it has: so the header is newer than the query.
std::optional<std::string> position_of_stream(const protocol::Endpoint& endpoint,
                                              const http::RequestHead& head) {
  if (!endpoint.has_history()) return std::nullopt;
  const auto last_event_id = head.header("Last-Event-ID");
  if (last_event_id && !last_event_id->empty()) return std::string(*last_event_id);
  return position_in(endpoint.settings.resume.parameter, head.query);
}

std::variant<Upgrade, Refused> judge_headers(const protocol::Endpoint& endpoint,
                                             const http::RequestHead& head) {
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
      return refused(RefusalReason::bad_upgrade, 400, endpoint.settings.refusals.bad_extensions);
    }
    const bool is_on = endpoint.settings.deflate == config::Switch::on;
    const bool taken = answer.kind == websocket::ExtensionAnswer::Kind::deflate;
    upgrade.compression = !taken ? Compression::unknown : is_on ? Compression::on : Compression::off;
    if (is_on) upgrade.extensions = answer.response;
  }
  if (head.count("Sec-WebSocket-Protocol") > 0) {
    const std::string offers = head.joined("Sec-WebSocket-Protocol");
    upgrade.subprotocol = websocket::choose_subprotocol(offers, endpoint.settings.subprotocols);
    upgrade.subprotocol_mismatch = upgrade.subprotocol.empty();
  }
  if (auto refusal = judge_selection(endpoint, head, upgrade.selection)) return std::move(*refusal);
  // Where clients subscribe by command the parameter is for the streams of the endpoint.
  if (endpoint.settings.select.by != config::SelectBy::commands) {
    upgrade.position = position_in(endpoint.settings.resume.parameter, head.query);
  }
  upgrade.accept_key = websocket::accept_key(check.key);
  return upgrade;
}

std::variant<Upgrade, Refused> judge_stream(const protocol::Endpoint& endpoint, const http::RequestHead& head,
                                            const auth::Identity* identity) {
  Upgrade stream;
  if (auto refusal = refuse_stream(endpoint, head)) return std::move(*refusal);
  if (auto refusal = judge_selection(endpoint, head, stream.selection)) return std::move(*refusal);
  if (endpoint.settings.select.by == config::SelectBy::commands) {
    if (auto refusal = select_channels(endpoint, head, identity, stream.selection))
      return std::move(*refusal);
  }
  stream.position = position_of_stream(endpoint, head);
  return stream;
}

}  // namespace

Result<std::unique_ptr<auth::Authenticator>> make_authenticator(const protocol::Endpoint& endpoint,
                                                                const config::Settings& settings,
                                                                const auth::KeyStore* key_store) {
  const config::EndpointAuth& rules = endpoint.settings.auth;
  if (rules.mode == config::AuthMode::none) return std::unique_ptr<auth::Authenticator>();
  if (rules.mode == config::AuthMode::api_key) {
    return auth::make_api_key_authenticator(rules.api_keys);
  }
  auth::Authenticator::Options options;
  options.cache_entries_max = settings.server.token_cache_max;
  options.token_bytes_max = settings.server.token_bytes_max;
  options.channels_claim = rules.channels_claim;
  const config::SelectSettings& select = endpoint.settings.select;
  if (select.by == config::SelectBy::claim) options.selection_claim = select.parameter;
  options.selection_max = endpoint.settings.limits.channels;
  options.require_exp = rules.require_exp;
  options.grants = {rules.authorized_parties, rules.scopes};
  options.key_store = key_store;
  const auto weak =
      settings.dev ? auth::Authenticator::WeakSecrets::allow : auth::Authenticator::WeakSecrets::refuse;
  return auth::Authenticator::create(endpoint.keys, options, weak);
}

Refused too_many_key_waits(const protocol::Endpoint& endpoint, std::string_view detail) {
  Refused out = refused(RefusalReason::key_waits_full, 503, endpoint.settings.refusals.key_waits);
  out.response.headers.emplace_back("Retry-After", std::to_string(kKeyWaitsRetryAfterS));
  out.detail = detail;
  return out;
}

std::variant<Upgrade, Refused> judge_upgrade(const protocol::Endpoint& endpoint,
                                             const http::RequestHead& head,
                                             auth::Authenticator* authenticator, Admission& admission,
                                             const Requester& requester, Attempt attempt) {
  ClientKey client_key{requester.address, {}};
  const auto no = [&](Admission::Answer answer) { return refused(answer, endpoint, admission, requester); };
  auto answer = admission.ask(endpoint, client_key);
  if (answer != Admission::Answer::admitted) return no(answer);
  answer = admission.ask_rate(endpoint, client_key, requester.now);
  if (answer != Admission::Answer::admitted) return no(answer);
  // After the limit of the address, so that an address over its own limit takes nothing from the others.
  if (attempt == Attempt::first && !admission.accept_rate().try_admit(requester.now)) {
    return no(Admission::Answer::process_rate_exceeded);
  }
  if (auto origin = judge_origin(endpoint, head)) return std::move(*origin);
  auto token = judge_credential(endpoint, head, authenticator, admission.key_guesses(), requester);
  if (auto* refusal = std::get_if<Refused>(&token)) {
    if (is_failed_authentication(refusal->reason)) {
      admission.note_failed_authentication(endpoint, client_key, requester.now);
    }
    return std::move(*refusal);
  }
  auto identity = std::get<Ref<const auth::Identity>>(std::move(token));
  if (identity) client_key.user = identity->subject();
  answer = admission.ask_user(endpoint, client_key);
  if (answer != Admission::Answer::admitted) return no(answer);
  auto judged =
      endpoint.is_stream() ? judge_stream(endpoint, head, identity.get()) : judge_headers(endpoint, head);
  if (std::holds_alternative<Refused>(judged)) return judged;
  answer = admission.enter(endpoint, client_key, requester.now);
  if (answer != Admission::Answer::admitted) return no(answer);
  std::get<Upgrade>(judged).counted = Admission::counted(endpoint, client_key);
  if (endpoint.settings.select.by == config::SelectBy::claim && identity) {
    std::get<Upgrade>(judged).selection = selected_by_token(endpoint, *identity);
  }
  std::get<Upgrade>(judged).identity = std::move(identity);
  return judged;
}

}  // namespace carillon::client

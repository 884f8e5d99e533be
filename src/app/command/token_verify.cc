// `carillon token verify`: why a gateway accepts or refuses a token.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "app/command/client_config.h"
#include "app/command/key_set_findings.h"
#include "app/command/listen_text.h"
#include "app/command/token_report.h"
#include "app/command/verbs.h"
#include "app/terminal.h"
#include "client/token_judgement.h"
#include "json/writer.h"
#include "protocol/endpoint.h"

namespace carillon::app {
namespace {

constexpr int kRefused = 1;
constexpr int kUsage = 2;
constexpr std::size_t kTokenBytesMax = 64 * 1024;
constexpr std::size_t kBodyShownMax = 1024;

using Judgement = std::variant<Ref<const auth::Identity>, client::Refused>;

Result<std::string> read_token(const std::string& argument) {
  std::string text = argument;
  if (argument == "-") {
    text.clear();
    char bytes[4096];
    ssize_t count = 0;
    while (text.size() <= kTokenBytesMax && (count = ::read(STDIN_FILENO, bytes, sizeof bytes)) != 0) {
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failure("standard input cannot be read");
      text.append(bytes, static_cast<std::size_t>(count));
    }
  }
  constexpr const char* kBlanks = " \t\r\n";
  text.erase(0, text.find_first_not_of(kBlanks));
  text.erase(text.find_last_not_of(kBlanks) + 1);
  if (text.empty())
    return failure("the token is empty; write it as the argument, or - to read it from standard input");
  if (text.size() > kTokenBytesMax) return failure("that is longer than any token: over 64 KiB");
  return text;
}

bool takes_tokens(const protocol::Endpoint& endpoint) {
  return endpoint.settings.auth.mode == config::AuthMode::jwt;
}

using Endpoints = std::vector<Ref<const protocol::Endpoint>>;

// The endpoint with this name; without a name all whose clients present tokens.
Result<Endpoints> choose(const ClientConfig& config, const std::string& name) {
  if (!name.empty()) {
    if (const auto known = config.endpoint(name); !known)
      return failure("--endpoint: " + known.error().message);
  }
  Endpoints chosen;
  for (const auto& endpoint : protocol::compile_endpoints(config.settings).endpoints) {
    if (!name.empty() && endpoint->settings.name != name) continue;
    if (takes_tokens(*endpoint)) chosen.push_back(endpoint);
  }
  if (!chosen.empty()) return chosen;
  return failure(name.empty()
                     ? config.source + " has no endpoint whose clients present a token"
                     : "--endpoint: clients of " + name + " present no token: auth.mode is not \"jwt\"");
}

// The keys of these endpoints, each once, so that a key set is fetched once.
std::vector<config::KeySettings> keys_of(const Endpoints& endpoints) {
  std::vector<config::KeySettings> keys;
  for (const auto& endpoint : endpoints) {
    for (const config::KeySettings& key : endpoint->keys) {
      const auto same = [&](const config::KeySettings& other) { return other.name == key.name; };
      if (std::none_of(keys.begin(), keys.end(), same)) keys.push_back(key);
    }
  }
  return keys;
}

std::vector<TokenCheck> checks_of(std::string_view token, const protocol::Endpoint& endpoint,
                                  const config::Settings& settings, const auth::KeyStore& store,
                                  WallTime now) {
  std::vector<NamedKey> keys;
  std::vector<std::string> problems;  // make_authenticator() reports them
  for (const config::KeySettings& each : endpoint.keys) {
    auto key = auth::Key::make(each, auth::Authenticator::WeakSecrets::allow, problems, &store);
    if (key) keys.push_back({each.name, *std::move(key)});
  }
  const config::EndpointAuth& auth = endpoint.settings.auth;
  TokenRules rules;
  rules.token_bytes_max = settings.server.token_bytes_max;
  rules.channels_claim = auth.channels_claim;
  rules.require_exp = auth.require_exp;
  const config::SelectSettings& select = endpoint.settings.select;
  if (select.by == config::SelectBy::claim) rules.selection_claim = select.parameter;
  rules.selection_max = endpoint.settings.limits.channels;
  rules.grants = {auth.authorized_parties, auth.scopes};
  return check_token(token, keys, rules, now);
}

TokenCheck check_of(const Finding& finding) {
  const bool is_good = finding.verdict == Verdict::good;
  return {finding.setting, is_good ? TokenCheck::Outcome::ok : TokenCheck::Outcome::fails,
          finding.why + ": " + finding.value + (is_good ? "" : ", " + finding.remedy)};
}

// Whether the finding is about a key set that the endpoint uses.
bool concerns(const Finding& finding, const protocol::Endpoint& endpoint, const auth::KeyStore& store) {
  return std::any_of(endpoint.keys.begin(), endpoint.keys.end(), [&](const config::KeySettings& key) {
    const auto slot = store.find(key);
    return slot && finding.setting == "keys." + slot->name();
  });
}

// What one endpoint makes of the token.
struct EndpointVerdict {
  Ref<const protocol::Endpoint> endpoint;
  std::vector<TokenCheck> checks;
  Judgement judgement;

  bool is_accepted() const { return !std::holds_alternative<client::Refused>(judgement); }
  const std::string& name() const { return endpoint->settings.name; }
};

Result<EndpointVerdict> verdict_of(std::string_view token, const Ref<const protocol::Endpoint>& endpoint,
                                   const config::Settings& settings, const auth::KeyStore& store,
                                   const std::vector<Finding>& findings) {
  const auto authenticator = client::make_authenticator(*endpoint, settings, &store);
  if (!authenticator) return tl::unexpected(authenticator.error());
  const client::Requester requester{{}, mono_now(), wall_now()};
  std::vector<TokenCheck> checks;
  for (const Finding& finding : findings) {
    if (concerns(finding, *endpoint, store)) checks.push_back(check_of(finding));
  }
  for (TokenCheck& each : checks_of(token, *endpoint, settings, store, requester.wall_now)) {
    checks.push_back(std::move(each));
  }
  return EndpointVerdict{endpoint, std::move(checks),
                         client::judge_token(*endpoint, token, **authenticator, requester)};
}

std::string answer_text(const Judgement& judgement, std::string_view token) {
  const auto* refused = std::get_if<client::Refused>(&judgement);
  if (!refused) return "accepted";
  std::string text = "refused with status " + std::to_string(refused->response.status) + ", reason " +
                     std::string(client::name_of(refused->reason));
  if (!refused->detail.empty()) text += ", " + refused->detail;
  return text + "\nthe client gets: " + shown_text(refused->response.body, token, kBodyShownMax);
}

// Four columns wide.
std::string shown_outcome(TokenCheck::Outcome outcome) {
  std::string word(name_of(outcome));
  word.resize(4, ' ');
  switch (outcome) {
    case TokenCheck::Outcome::ok:
      return coloured(stdout, Colour::green, word);
    case TokenCheck::Outcome::fails:
      return coloured(stdout, Colour::red, word);
    case TokenCheck::Outcome::skipped:
      break;
  }
  return word;
}

void print_text(const EndpointVerdict& verdict, const std::string& source, std::string_view token) {
  std::printf("Token for the endpoint %s of %s\n\n", verdict.name().c_str(), source.c_str());
  std::size_t width = 0;
  for (const TokenCheck& each : verdict.checks) width = std::max(width, each.name.size());
  for (const TokenCheck& each : verdict.checks) {
    std::printf("%s  %-*s  %s\n", shown_outcome(each.outcome).c_str(), static_cast<int>(width),
                each.name.c_str(), each.detail.c_str());
  }
  std::printf("\n%s\n", answer_text(verdict.judgement, token).c_str());
}

// Which endpoints accept the token, and which refuse it.
std::string summary_of(const std::vector<EndpointVerdict>& verdicts) {
  std::string accepted;
  std::string refused;
  for (const EndpointVerdict& each : verdicts) {
    std::string& names = each.is_accepted() ? accepted : refused;
    names += (names.empty() ? "" : ", ") + each.name();
  }
  if (accepted.empty()) return "refused by every endpoint: " + refused;
  return "accepted by: " + accepted + (refused.empty() ? "" : "; refused by: " + refused);
}

void print_text(const std::vector<EndpointVerdict>& verdicts, const std::string& source,
                std::string_view token) {
  for (const EndpointVerdict& each : verdicts) {
    if (&each != &verdicts.front()) std::printf("\n");
    print_text(each, source, token);
  }
  if (verdicts.size() > 1) std::printf("\n%s\n", summary_of(verdicts).c_str());
}

std::string_view word_of(TokenCheck::Outcome outcome) {
  return outcome == TokenCheck::Outcome::ok      ? "ok"
         : outcome == TokenCheck::Outcome::fails ? "fail"
                                                 : "skipped";
}

void write_verdict(json::ObjectWriter& out, const EndpointVerdict& verdict, const std::string& source) {
  const auto* refused = std::get_if<client::Refused>(&verdict.judgement);
  out.member("accepted", refused == nullptr).member("endpoint", verdict.name()).member("config", source);
  if (!refused) out.member("subject", std::get<Ref<const auth::Identity>>(verdict.judgement)->subject());
  if (refused) {
    out.member("status", refused->response.status).member("reason", client::name_of(refused->reason));
    out.member("detail", refused->detail).member("body", refused->response.body);
  }
  json::ArrayWriter list = out.array("checks");
  for (const TokenCheck& each : verdict.checks) {
    list.object()
        .member("check", each.name)
        .member("outcome", word_of(each.outcome))
        .member("detail", each.detail);
  }
}

// The members of the first endpoint that accepts the token, or else of the first one, and the list of all of
// them.
void print_json(const std::vector<EndpointVerdict>& verdicts, const std::string& source) {
  std::string text;
  json::ObjectWriter out(text);
  const auto accepted =
      std::find_if(verdicts.begin(), verdicts.end(), [](const auto& each) { return each.is_accepted(); });
  write_verdict(out, accepted == verdicts.end() ? verdicts.front() : *accepted, source);
  {
    json::ArrayWriter list = out.array("endpoints");
    for (const EndpointVerdict& each : verdicts) {
      json::ObjectWriter object = list.object();
      write_verdict(object, each, source);
    }
  }
  out.close();
  std::printf("%s\n", text.c_str());
}

}  // namespace

int run_token_verify(const TokenVerifyArguments& arguments) {
  const auto token = read_token(arguments.token);
  if (!token) return fail(token.error().message, kUsage);
  const auto config = find_client_config(arguments.config_file);
  if (!config) return fail(config.error().message, kUsage);
  if (std::string faults = config->faults_at({"keys", "endpoint"}); !faults.empty())
    return fail(faults, kUsage);
  const auto endpoints = choose(*config, arguments.endpoint);
  if (!endpoints) return fail(endpoints.error().message, kUsage);
  auth::KeyStore store;
  store.configure(keys_of(*endpoints));
  const std::vector<Finding> findings = fetch_key_sets(store);
  std::vector<EndpointVerdict> verdicts;
  for (const auto& endpoint : *endpoints) {
    auto verdict = verdict_of(*token, endpoint, config->settings, store, findings);
    if (!verdict) return fail(verdict.error().message, kUsage);
    verdicts.push_back(*std::move(verdict));
  }
  if (arguments.json) {
    print_json(verdicts, config->source);
  } else {
    print_text(verdicts, config->source, *token);
  }
  const bool is_accepted =
      std::any_of(verdicts.begin(), verdicts.end(), [](const auto& each) { return each.is_accepted(); });
  return is_accepted ? 0 : kRefused;
}

}  // namespace carillon::app

// `carillon token verify`: why a gateway accepts or refuses a token.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>
#include <variant>

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

Result<Ref<const protocol::Endpoint>> choose(const ClientConfig& config, const std::string& name) {
  if (!name.empty()) {
    if (const auto known = config.endpoint(name); !known)
      return failure("--endpoint: " + known.error().message);
  }
  const protocol::CompiledEndpoints compiled = protocol::compile_endpoints(config.settings);
  for (const auto& endpoint : compiled.endpoints) {
    if (name.empty() ? !takes_tokens(*endpoint) : endpoint->settings.name != name) continue;
    if (takes_tokens(*endpoint)) return endpoint;
    return failure("--endpoint: clients of " + name + " present no token: auth.mode is not \"jwt\"");
  }
  return failure(config.source + " has no endpoint whose clients present a token");
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

void print_text(const std::vector<TokenCheck>& checks, const protocol::Endpoint& endpoint,
                const std::string& source, const std::string& answer) {
  std::printf("Token for the endpoint %s of %s\n\n", endpoint.settings.name.c_str(), source.c_str());
  std::size_t width = 0;
  for (const TokenCheck& each : checks) width = std::max(width, each.name.size());
  for (const TokenCheck& each : checks) {
    std::printf("%s  %-*s  %s\n", shown_outcome(each.outcome).c_str(), static_cast<int>(width),
                each.name.c_str(), each.detail.c_str());
  }
  std::printf("\n%s\n", answer.c_str());
}

std::string_view word_of(TokenCheck::Outcome outcome) {
  return outcome == TokenCheck::Outcome::ok      ? "ok"
         : outcome == TokenCheck::Outcome::fails ? "fail"
                                                 : "skipped";
}

void print_json(const std::vector<TokenCheck>& checks, const protocol::Endpoint& endpoint,
                const std::string& source, const Judgement& judgement) {
  std::string text;
  json::ObjectWriter out(text);
  const auto* refused = std::get_if<client::Refused>(&judgement);
  out.member("accepted", refused == nullptr)
      .member("endpoint", endpoint.settings.name)
      .member("config", source);
  if (!refused) out.member("subject", std::get<Ref<const auth::Identity>>(judgement)->subject());
  if (refused) {
    out.member("status", refused->response.status).member("reason", client::name_of(refused->reason));
    out.member("detail", refused->detail).member("body", refused->response.body);
  }
  {
    json::ArrayWriter list = out.array("checks");
    for (const TokenCheck& each : checks) {
      list.object()
          .member("check", each.name)
          .member("outcome", word_of(each.outcome))
          .member("detail", each.detail);
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
  const auto endpoint = choose(*config, arguments.endpoint);
  if (!endpoint) return fail(endpoint.error().message, kUsage);
  auth::KeyStore store;
  store.configure((*endpoint)->keys);
  const std::vector<Finding> findings = fetch_key_sets(store);
  const auto authenticator = client::make_authenticator(**endpoint, config->settings, &store);
  if (!authenticator) return fail(authenticator.error().message, kUsage);
  const client::Requester requester{{}, mono_now(), wall_now()};
  std::vector<TokenCheck> checks;
  for (const Finding& finding : findings) checks.push_back(check_of(finding));
  for (TokenCheck& each : checks_of(*token, **endpoint, config->settings, store, requester.wall_now)) {
    checks.push_back(std::move(each));
  }
  const Judgement judgement = client::judge_token(**endpoint, *token, **authenticator, requester);
  if (arguments.json) {
    print_json(checks, **endpoint, config->source, judgement);
  } else {
    print_text(checks, **endpoint, config->source, answer_text(judgement, *token));
  }
  return std::holds_alternative<client::Refused>(judgement) ? kRefused : 0;
}

}  // namespace carillon::app

#include "app/command/listen_plan.h"

#include <algorithm>

#include "app/command/client_command.h"
#include "app/dev/samples.h"
#include "app/tokens.h"

namespace carillon::app {
namespace {

constexpr std::string_view kTokenParameter = "token";  // where only the URL is known
constexpr std::size_t kTokenBytesMax = 64 * 1024;

bool is_plain(char c) {
  const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return is_letter || std::string_view("-._~,:").find(c) != std::string_view::npos;
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

// Puts the token where the endpoint looks for it first.
void add_token(ListenCall& call, const config::EndpointSettings* endpoint, const std::string& token) {
  config::TokenPlace place{config::TokenSource::query, std::string(kTokenParameter)};
  if (endpoint && !endpoint->auth.sources.empty()) place = endpoint->auth.sources.front();
  switch (place.source) {
    case config::TokenSource::query:
      add_parameter(call.url.target, place.name, token);
      break;
    case config::TokenSource::bearer:
      call.headers.emplace_back("Authorization", "Bearer " + token);
      break;
    case config::TokenSource::header:
      call.headers.emplace_back(place.name, token);
      break;
  }
  call.secret = token;
}

bool is_printable(char c) { return c > ' ' && c < 0x7f; }

Result<ListenCall> call_of_url(const ListenArguments& arguments) {
  auto url = parse_web_url(arguments.url, "ws", "wss");
  if (!url) return tl::unexpected(url.error());
  ListenCall call;
  call.url = *std::move(url);
  return call;
}

Result<ListenCall> call_of_config(const ClientConfig& config) {
  if (std::string faults = config.faults_at({"server.listen"}); !faults.empty()) return failure(faults);
  auto address = first_address(config.settings.server);
  if (!address) {
    return failure(config.source + ": " + address.error().message +
                   "; write its URL, such as ws://127.0.0.1:8000, in front of --endpoint");
  }
  ListenCall call;
  call.url = std::move(address->url);
  call.trust = std::move(address->trust);
  return call;
}

// The path of an endpoint whose clients select a channel by a segment of it has the first channel there, or
// an example.
std::string path_of(const config::EndpointSettings& endpoint, const std::vector<std::string>& channels) {
  if (endpoint.select.by != config::SelectBy::path || channels.empty()) return sample_path(endpoint);
  const std::string parameter = "{" + endpoint.select.parameter + "}";
  const std::size_t at = endpoint.path.find(parameter);
  if (at == std::string::npos) return endpoint.path;
  return endpoint.path.substr(0, at) + percent_encoded(channels.front()) +
         endpoint.path.substr(at + parameter.size());
}

}  // namespace

std::string ListenCall::shown() const {
  return (url.is_tls ? "wss://" : "ws://") + url.authority() + url.target.substr(0, url.target.find('?'));
}

void add_parameter(std::string& target, const std::string& name, const std::string& value) {
  target += target.find('?') == std::string::npos ? "?" : "&";
  target += percent_encoded(name) + "=" + percent_encoded(value);
}

Result<ListenPlan> ListenPlan::make(const ListenArguments& arguments, const ClientConfig* config) {
  if (!std::all_of(arguments.token.begin(), arguments.token.end(), is_printable) ||
      arguments.token.size() > kTokenBytesMax) {
    return failure(
        "--token: it has blanks or control characters, or is longer than 64 KiB; write the token alone");
  }
  auto call = arguments.url.empty() && config ? call_of_config(*config) : call_of_url(arguments);
  if (!call) return tl::unexpected(call.error());
  if (!arguments.ca_file.empty()) call->trust = {true, arguments.ca_file, {}};
  ListenPlan plan(*std::move(call), arguments);
  if (!config) {
    if (arguments.channels.empty()) return plan;
    return failure(
        "--subscribe needs --endpoint NAME, whose protocol defines the command; without it, type the command "
        "as a "
        "line");
  }
  if (std::string faults = config->faults_at({"endpoint"}); !faults.empty()) return failure(faults);
  plan.config_ = *config;
  const auto endpoint = plan.config_->endpoint(arguments.endpoint);
  if (!endpoint) return failure("--endpoint: " + endpoint.error().message);
  plan.endpoint_ = *endpoint;
  ListenCall& base = plan.base_;
  if (base.url.target == "/") base.url.target = path_of(*plan.endpoint_, arguments.channels);
  base.subprotocols = plan.endpoint_->subprotocols;
  if (auto error = plan.add_selection(*plan.endpoint_)) return tl::unexpected(std::move(*error));
  return plan;
}

std::optional<Error> ListenPlan::add_selection(const config::EndpointSettings& endpoint) {
  const std::vector<std::string>& channels = arguments_.channels;
  if (channels.empty()) return std::nullopt;
  switch (endpoint.select.by) {
    case config::SelectBy::all:
      return Error{"--subscribe: clients of endpoint " + endpoint.name +
                   " receive every event of it; leave --subscribe out"};
    case config::SelectBy::query: {
      std::string list;
      for (const std::string& channel : channels) list += (list.empty() ? "" : ",") + channel;
      add_parameter(base_.url.target, endpoint.select.parameter, list);
      return std::nullopt;
    }
    case config::SelectBy::claim:
      return Error{"--subscribe: clients of endpoint " + endpoint.name + " receive what the claim " +
                   endpoint.select.parameter +
                   " of their token lists; write it with carillon token --claims"};
    case config::SelectBy::path:
      if (channels.size() == 1) return std::nullopt;
      return Error{"--subscribe: the path of endpoint " + endpoint.name + " has one channel; write it once"};
    case config::SelectBy::commands:
      break;
  }
  if (endpoint.commands.name.empty() || endpoint.commands.subscribe.is.empty()) {
    return Error{"--subscribe: endpoint " + endpoint.name +
                 " has no command to subscribe (commands.subscribe.is)"};
  }
  for (const std::string& channel : channels) {
    base_.hellos.push_back(subscribe_command(endpoint.commands, channel));
  }
  return std::nullopt;
}

std::string ListenPlan::cannot_mint() const {
  const std::string faults = config_->faults_at({"keys"});
  if (!faults.empty()) return faults + "\nor give a token with --token";
  return config_->source + " has no secret that signs tokens for endpoint " + endpoint_->name +
         "; give a token of its issuer with --token";
}

// Empty: the endpoint takes none.
Result<std::string> ListenPlan::credential(WallTime now) const {
  if (!arguments_.token.empty() || !endpoint_) return arguments_.token;
  switch (endpoint_->auth.mode) {
    case config::AuthMode::none:
      return std::string();
    case config::AuthMode::api_key:
      if (endpoint_->auth.api_keys.empty()) break;
      return std::string(endpoint_->auth.api_keys.front().reveal());
    case config::AuthMode::jwt: {
      TokenRequest request;
      request.subject = arguments_.subject;
      if (auto token = token_for(*endpoint_, config_->settings, std::move(request), now))
        return *std::move(token);
      break;
    }
  }
  return failure(cannot_mint());
}

Result<ListenCall> ListenPlan::call(WallTime now) const {
  const auto token = credential(now);
  if (!token) return tl::unexpected(token.error());
  ListenCall call = base_;
  if (!token->empty()) add_token(call, endpoint_, *token);
  return call;
}

}  // namespace carillon::app

#include "app/command/running_dev.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "app/command/http_call.h"
#include "app/dev/page_state.h"
#include "config/protocol_kinds.h"
#include "json/reader.h"

namespace carillon::app {
namespace {

constexpr seconds kPatience{2};
constexpr std::array<std::string_view, 3> kLocalHosts = {"127.0.0.1", "localhost", "::1"};

// The member's text; empty: there is none.
std::string text_at(json::Value value, std::string_view name) {
  const auto member = value.find(name);
  return member ? member->string().value_or(std::string()) : std::string();
}

std::vector<std::string> texts_of(json::Value list) {
  std::vector<std::string> texts;
  for (const json::Value& each : list.elements()) {
    if (auto text = each.string()) texts.push_back(*std::move(text));
  }
  return texts;
}

config::TokenSource source_named(std::string_view name) {
  if (name == "bearer") return config::TokenSource::bearer;
  return name == "header" ? config::TokenSource::header : config::TokenSource::query;
}

void read_auth(json::Value endpoint, config::EndpointAuth& auth) {
  const auto described = endpoint.find("auth");
  auth.mode = described ? config::AuthMode::jwt : config::AuthMode::none;
  if (!described) return;
  auth.sources.clear();
  if (const auto places = described->find("places")) {
    for (const json::Value& place : places->elements()) {
      auth.sources.push_back({source_named(text_at(place, "in")), text_at(place, "name")});
    }
  }
  if (std::string token = text_at(*described, "token"); !token.empty()) {
    auth.mode = config::AuthMode::api_key;
    auth.api_keys.emplace_back(std::move(token));
  }
}

void read_selection(json::Value endpoint, config::SelectSettings& select) {
  constexpr std::array kWays = {config::SelectBy::all, config::SelectBy::query, config::SelectBy::commands,
                                config::SelectBy::claim, config::SelectBy::path};
  const auto described = endpoint.find("selection");
  if (!described) return;
  const std::string by = text_at(*described, "by");
  for (const config::SelectBy way : kWays) {
    if (by == word_of(way)) select.by = way;
  }
  select.parameter = text_at(*described, "parameter");
  if (const auto known = described->find("known")) select.known = texts_of(*known);
}

config::JsonWord word_of(json::Value value) {
  switch (value.type()) {
    case json::Type::string:
      return {value.string().value_or(std::string()), config::JsonWord::Kind::string};
    case json::Type::number:
      return {std::string(value.raw()), config::JsonWord::Kind::number};
    case json::Type::boolean:
      return {std::string(value.raw()), config::JsonWord::Kind::boolean};
    default:
      return {};
  }
}

void read_commands(json::Value endpoint, config::CommandSettings& commands) {
  using Type = config::Requirement::Type;
  constexpr std::array kTypes = {Type::any,    Type::null,  Type::boolean, Type::number,
                                 Type::string, Type::array, Type::object};
  const auto described = endpoint.find("commands");
  const auto subscribe = described ? described->find("subscribe") : std::nullopt;
  if (!subscribe) return;
  commands.name = text_at(*described, "name");
  if (const auto is = subscribe->find("is")) commands.subscribe.is = word_of(*is);
  commands.subscribe.channel = text_at(*subscribe, "channel");
  if (text_at(*subscribe, "form") == "array") commands.channel_form = config::ChannelForm::array;
  const auto require = described->find("require");
  if (!require) return;
  for (const json::Value& each : require->elements()) {
    config::Requirement requirement{text_at(each, "pointer"), Type::any};
    const std::string name = text_at(each, "type");
    for (const Type type : kTypes) {
      if (name == config::name_of(type)) requirement.type = type;
    }
    commands.require.push_back(std::move(requirement));
  }
}

config::EndpointSettings endpoint_of(json::Value described) {
  config::EndpointSettings endpoint;
  endpoint.name = text_at(described, "name");
  endpoint.profile = text_at(described, "profile");
  const auto selection = described.find("selection");
  endpoint.path = selection ? text_at(*selection, "path") : std::string();
  if (endpoint.path.empty()) endpoint.path = text_at(described, "path");
  if (const auto list = described.find("subprotocols")) endpoint.subprotocols = texts_of(*list);
  read_auth(described, endpoint.auth);
  read_selection(described, endpoint.select);
  read_commands(described, endpoint.commands);
  return endpoint;
}

}  // namespace

Result<std::vector<config::EndpointSettings>> endpoints_of_dev_state(std::string_view json) {
  const auto state = json::parse(json);
  const auto list = state ? state->find("endpoints") : std::nullopt;
  if (!list || !list->is(json::Type::array)) return failure("this is not the answer of a carillon dev");
  std::vector<config::EndpointSettings> endpoints;
  for (const json::Value& each : list->elements()) {
    if (endpoints.size() == config::kEndpointsMax) break;
    endpoints.push_back(endpoint_of(each));
  }
  return endpoints;
}

std::optional<ClientConfig> running_dev_config(const WebUrl& address) {
  const bool is_here = std::find(kLocalHosts.begin(), kLocalHosts.end(), address.host) != kLocalHosts.end();
  std::uint16_t port = 0;
  std::from_chars(address.port.data(), address.port.data() + address.port.size(), port);
  if (!is_here || address.is_tls || port == 0) return std::nullopt;
  HttpCall call;
  call.url = address;
  call.url.target = "/dev/state";
  call.patience = kPatience;
  const auto answer = exchange(call);
  if (!answer || answer->status != 200) return std::nullopt;
  auto endpoints = endpoints_of_dev_state(answer->body);
  if (!endpoints) return std::nullopt;
  ClientConfig config;
  config.source = "the carillon dev at " + address.authority();
  config.settings.server.listen = {{address.host, port, {}}};
  config.settings.endpoints = *std::move(endpoints);
  return config;
}

}  // namespace carillon::app

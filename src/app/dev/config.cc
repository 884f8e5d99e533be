#include "app/dev/config.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <utility>

#include "app/mistakes_of_text.h"
#include "config/key_settings.h"

namespace carillon::app {
namespace {

constexpr std::string_view kSource = "carillon dev";
constexpr std::string_view kSuffix = ".toml";
constexpr std::string_view kSecretVariable = "CARILLON_JWT_SECRET";
constexpr std::string_view kApiKeyVariable = "CARILLON_API_KEY";

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string endpoint_toml(const std::string& profile) {
  return "[[endpoint]]\nprofile = " + quoted(profile) + "\n";
}

std::string head_toml(const DevArguments& arguments, const DevKeys& keys) {
  std::string toml = "[server]\ndrain = \"1s\"\n";
  if (!arguments.listen.empty()) {
    toml += "listen = [";
    for (const std::string& address : arguments.listen) toml += quoted(address) + ", ";
    toml += "]\n";
  }
  toml += "[bus]\nurl = " + quoted(arguments.bus.value_or("memory:")) + "\n";
  toml += "[log]\nlevel = " + quoted(arguments.log_level.value_or("warning")) + "\n";
  toml += "[keys.dev]\nalgorithms = [\"HS256\"]\nsecret = " + quoted(keys.secret) + "\n";
  return toml + "[api]\nkeys = [" + quoted(keys.api_key) + "]\n";
}

// Every file is read once, so that all attempts to load a configuration see the same.
config::Environment with_memory(config::Environment environment) {
  const auto known = std::make_shared<std::map<std::string, Result<std::string>, std::less<>>>();
  environment.read_file = [known, read = std::move(environment.read_file)](std::string_view path) {
    const auto found = known->find(path);
    return found != known->end() ? found->second : known->emplace(path, read(path)).first->second;
  };
  return environment;
}

bool has_route(const config::EndpointSettings& endpoint, const config::RouteSettings& wanted) {
  return std::any_of(endpoint.routes.begin(), endpoint.routes.end(),
                     [&](const config::RouteSettings& route) { return route.path == wanted.path; });
}

// What both have, so that they cannot be served together: "the path /ws". Empty: nothing.
std::string in_common(const config::EndpointSettings& one, const config::EndpointSettings& other) {
  if (one.name == other.name) return "the name " + one.name;
  if (one.path == other.path) return "the path " + one.path;
  for (const config::RouteSettings& route : one.routes) {
    if (has_route(other, route)) return "the route " + route.path;
  }
  return {};
}

// The options whose values stand in the text that dev makes up.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kOptions = {
    {{"server.listen", "--listen"}, {"bus.url", "--bus"}, {"log.level", "--log-level"}}};

// A message about one of these in terms of the option: "--bus: …".
std::string with_option(std::string message) {
  if (!message.starts_with(kSource)) return message;
  for (const auto& [key, option] : kOptions) {
    const std::size_t at = message.find(": " + std::string(key));
    const std::size_t end = at == std::string::npos ? at : message.find(": ", at + 2);
    if (end != std::string::npos) message = std::string(option) + message.substr(end);
  }
  return message;
}

// The address of a message of reactor::cannot_listen() about a port that is taken. Nothing: it is another
// one.
std::optional<std::string> taken_address(std::string_view message) {
  constexpr std::string_view kBefore = ": server.listen: cannot listen on ";
  constexpr std::string_view kAfter = ": address already in use";
  const std::size_t at = message.find(kBefore);
  if (at == std::string_view::npos) return std::nullopt;
  message.remove_prefix(at + kBefore.size());
  const std::size_t end = message.find(kAfter);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(message.substr(0, end));
}

// An address whose port is the next one.
std::string other_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const long port = std::strtol(address.c_str() + colon + 1, nullptr, 10);
  return address.substr(0, colon + 1) + std::to_string(port < 65535 ? port + 1 : port - 1);
}

bool is_set(const config::Environment& environment, std::string_view name) {
  const auto value = environment.variable(name);
  return value && !value->empty();
}

}  // namespace

std::string DevConfig::fault_of_arguments() const {
  if (!arguments_.config_file.empty()) {
    if (!arguments_.profiles.empty()) {
      return "--config serves a whole configuration: write [[endpoint]] with profile = " +
             quoted(arguments_.profiles.front()) + " into " + arguments_.config_file +
             " instead of --profile";
    }
    const std::string_view given = arguments_.bus               ? "--bus: bus.url"
                                   : !arguments_.listen.empty() ? "--listen: server.listen"
                                   : arguments_.log_level       ? "--log-level: log.level"
                                                                : "";
    if (given.empty()) return {};
    const std::size_t colon = given.find(':');
    return "--config serves a whole configuration: set " + std::string(given.substr(colon + 2)) + " in " +
           arguments_.config_file + " instead of " + std::string(given.substr(0, colon));
  }
  for (const std::string& profile : arguments_.profiles) {
    if (!profile.ends_with(kSuffix)) {
      return "--profile " + profile + ": the file of a profile is named after it and ends in .toml; the " +
             "built-in profiles are served anyway";
    }
  }
  return {};
}

std::vector<std::string> DevConfig::files() const {
  return arguments_.config_file.empty() ? arguments_.profiles : std::vector{arguments_.config_file};
}

CheckedConfig DevConfig::read() const {
  if (arguments_.config_file.empty()) return read_profiles();
  return check_config_file(arguments_.config_file, environment());
}

// The built-in profiles come after the user's own, and one that cannot be served with them is left out.
CheckedConfig DevConfig::read_profiles() const {
  const config::Environment files = with_memory(environment());
  std::string toml = head_toml(arguments_, keys_);
  const auto lines = static_cast<std::size_t>(std::count(toml.begin(), toml.end(), '\n'));
  for (const std::string& profile : arguments_.profiles) toml += endpoint_toml(profile);
  const bool has_own = !arguments_.profiles.empty();
  const bool can_be_served = !has_own || config::load(toml, kSource, files).errors.empty();
  for (const std::string& name : can_be_served ? built_in_profiles() : std::vector<std::string>()) {
    const std::string with_it = toml + endpoint_toml(name);
    if (!has_own || config::load(with_it, kSource, files).errors.empty()) toml = with_it;
  }
  CheckedConfig checked = check_config_text(toml, std::string(kSource), files);
  const MistakesOfText mistakes(std::string(kSource), lines + 1, arguments_.profiles);
  for (std::string& error : checked.errors) error = mistakes.reword(with_option(std::move(error)));
  // The author of this text is this program, which has secrets in plain text on purpose.
  std::erase_if(checked.loaded.warnings,
                [](const config::Problem& warning) { return warning.origin.source == kSource; });
  return checked;
}

// With a configuration file dev's own keys stand in for the two usual variables when they are not set.
config::Environment DevConfig::environment() const {
  config::Environment environment = config::Environment::of_process();
  if (arguments_.config_file.empty()) return environment;
  environment.variable = [variable = environment.variable, keys = keys_](std::string_view name) {
    auto value = variable(name);
    if (value && !value->empty()) return value;
    if (name == kSecretVariable) return std::optional(keys.secret);
    if (name == kApiKeyVariable) return std::optional(keys.api_key);
    return value;
  };
  return environment;
}

std::vector<std::string> DevConfig::remarks(const config::Settings& settings) const {
  std::vector<std::string> remarks;
  const config::Environment own = config::Environment::of_process();
  if (!arguments_.config_file.empty()) {
    const bool uses_secret =
        std::any_of(settings.keys.begin(), settings.keys.end(),
                    [&](const config::KeySettings& key) { return key.secret.reveal() == keys_.secret; });
    if (uses_secret && !is_set(own, kSecretVariable)) {
      remarks.push_back(std::string(kSecretVariable) + " is not set: a secret of carillon dev is used.");
    }
    return remarks;
  }
  std::string toml = head_toml(arguments_, keys_);
  for (const std::string& name : built_in_profiles()) toml += endpoint_toml(name);
  for (const auto& built_in : config::load(toml, kSource, own).settings.endpoints) {
    if (std::string remark = remark_on(built_in, settings); !remark.empty()) remarks.push_back(remark);
  }
  return remarks;
}

std::string DevConfig::failure_text(const std::string& message) const {
  const auto address = taken_address(message);
  if (!address) return with_option(message);
  const std::string other = other_address(*address);
  const std::string& file = arguments_.config_file;
  const std::string option =
      arguments_.listen.size() <= 1 ? "--listen " + other : "another --listen in place of " + *address;
  const std::string remedy =
      file.empty() ? "with " + option : "such as server.listen = [" + quoted(other) + "] in " + file;
  return "port " + address->substr(address->rfind(':') + 1) + " is in use: another program listens on " +
         *address + "; stop it, or use another port " + remedy;
}

std::string DevConfig::remark_on(const config::EndpointSettings& built_in,
                                 const config::Settings& settings) const {
  for (const config::EndpointSettings& each : settings.endpoints) {
    if (each.profile == built_in.profile && each.path == built_in.path && each.name == built_in.name) {
      const bool is_own =
          std::any_of(arguments_.profiles.begin(), arguments_.profiles.end(), [&](const std::string& file) {
            return file.ends_with("/" + each.profile + ".toml") || file == each.profile + ".toml";
          });
      if (!is_own) return {};
    }
  }
  for (const config::EndpointSettings& each : settings.endpoints) {
    const std::string common = in_common(each, built_in);
    if (common.empty()) continue;
    return "The built-in profile " + built_in.profile + " is not served: " + each.name + " has " + common +
           " as well.";
  }
  return {};
}

}  // namespace carillon::app

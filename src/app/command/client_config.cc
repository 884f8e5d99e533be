#include "app/command/client_config.h"

#include <algorithm>
#include <utility>

#include "app/config_path.h"
#include "app/dev/config.h"
#include "app/dev/keys.h"

namespace carillon::app {
namespace {

// Whether `key` is `wanted` or stands below it: "keys.main.secret" below "keys", "endpoint[0]" below
// "endpoint".
bool is_at(std::string_view key, std::string_view wanted) {
  if (!key.starts_with(wanted)) return false;
  return key.size() == wanted.size() || key[wanted.size()] == '.' || key[wanted.size()] == '[';
}

}  // namespace

std::string ClientConfig::faults_at(const std::vector<std::string_view>& keys) const {
  std::string texts;
  for (const config::Problem& error : errors) {
    // In a profile's file the key is written without the endpoint.
    const bool is_in_profile = error.origin.source != source;
    const bool matters = error.key.empty() || is_in_profile ||
                         std::any_of(keys.begin(), keys.end(),
                                     [&](std::string_view wanted) { return is_at(error.key, wanted); });
    if (matters) texts += (texts.empty() ? "" : "\n") + error.text();
  }
  return texts;
}

Result<const config::EndpointSettings*> ClientConfig::endpoint(const std::string& name) const {
  std::vector<std::string> names;
  std::string all;
  for (const config::EndpointSettings& each : settings.endpoints) {
    if (each.name == name) return &each;
    names.push_back(each.name);
    all += (all.empty() ? "" : ", ") + each.name;
  }
  const auto near = config::nearest(name, names);
  return failure("there is no endpoint \"" + name + "\" in " + source +
                 (near          ? "; did you mean " + *near + "?"
                  : all.empty() ? "; it has none"
                                : "; there are " + all));
}

Result<ClientConfig> read_client_config(const std::string& file) {
  const auto environment = config::Environment::of_process();
  const auto text = environment.read_file(file);
  if (!text) return failure(file + ": " + text.error().message);
  config::Loaded loaded = config::load(*text, file, environment);
  return ClientConfig{file, std::move(loaded.settings), std::move(loaded.errors)};
}

std::optional<ClientConfig> dev_client_config() {
  auto keys = kept_dev_keys(config::Environment::of_process().variable);
  if (!keys) return std::nullopt;
  CheckedConfig checked = DevConfig(DevArguments{}, *std::move(keys)).read();
  return ClientConfig{"carillon dev", std::move(checked.loaded.settings), std::move(checked.loaded.errors)};
}

Result<ClientConfig> find_client_config(const std::string& file) {
  const std::string path = file.empty() ? default_config_path() : file;
  if (!path.empty()) return read_client_config(path);
  if (auto dev = dev_client_config()) return *std::move(dev);
  return failure("there is no " + default_config_paths() +
                 ", and carillon dev has kept no keys yet; write --config FILE, or start carillon dev first");
}

}  // namespace carillon::app

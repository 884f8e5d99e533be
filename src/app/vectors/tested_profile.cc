#include "app/vectors/tested_profile.h"

#include <algorithm>
#include <utility>

#include "app/config_file.h"
#include "app/mistakes_of_text.h"
#include "app/new_file.h"
#include "app/vectors/comparison.h"
#include "config/text.h"

namespace carillon::app {
namespace {

constexpr std::string_view kSource = "carillon profile test";
constexpr std::string_view kSecretVariable = "CARILLON_JWT_SECRET";
constexpr std::string_view kApiKeyVariable = "CARILLON_API_KEY";
constexpr std::size_t kSecretDigits = 64;  // enough for every HMAC

// "carillon profile test:7: endpoint[0].pth: …" without its place, which is no file's.
std::string without_place(const std::string& message) {
  const std::size_t end = message.starts_with(kSource) ? message.find(": ") : std::string::npos;
  return end == std::string::npos ? message : message.substr(end + 2);
}

}  // namespace

TestedProfile::TestedProfile(std::string profile)
    : profiles_({std::move(profile)}),
      keys_({.secret = random_hex(kSecretDigits), .api_key = random_hex(kSecretDigits)}) {}

Result<config::Settings, std::vector<std::string>> TestedProfile::settings(
    const std::string& own_toml) const {
  std::string toml = "bus.url = \"memory:\"\n" + replaced(own_toml, "$profile", name());
  const bool has_own = toml.find("[[endpoint]]") != std::string::npos;
  const auto line = static_cast<std::size_t>(std::count(toml.begin(), toml.end(), '\n')) + 1;
  if (!has_own) toml += "[[endpoint]]\nprofile = " + config::toml_quoted(name()) + "\n";
  CheckedConfig checked = check_config_text(toml, std::string(kSource), environment());
  if (checked.errors.empty()) return std::move(checked.loaded.settings);
  const MistakesOfText mistakes{std::string(kSource), line, profiles_};
  for (std::string& error : checked.errors) error = has_own ? without_place(error) : mistakes.reword(error);
  return tl::unexpected(std::move(checked.errors));
}

// Our own variables are those of the run, so that its result does not depend on the process's. Any other name
// may be that of a secret in the profile.
config::Environment TestedProfile::environment() const {
  config::Environment environment = config::Environment::of_process();
  environment.variable =
      [keys = keys_, process = environment.variable](std::string_view name) -> std::optional<std::string> {
    if (name == kSecretVariable) return keys.secret;
    if (name == kApiKeyVariable) return keys.api_key;
    return name.starts_with("CARILLON_") ? std::nullopt : process(name);
  };
  environment.names = [] { return std::vector{std::string(kSecretVariable), std::string(kApiKeyVariable)}; };
  return environment;
}

}  // namespace carillon::app

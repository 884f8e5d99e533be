// `carillon config init`: a configuration to begin with. Its secrets are in files of their own, so that the
// configuration itself can be shown and committed.
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "app/command/verbs.h"
#include "app/config_file.h"
#include "app/new_file.h"
#include "app/terminal.h"

namespace carillon::app {
namespace {

constexpr std::size_t kSecretDigits = 64;
constexpr std::size_t kApiKeyDigits = 32;

constexpr const char* kHead =
    R"(# Carillon's configuration. `carillon check` lists its mistakes, `carillon config show` prints every value in
# use, and `carillon config explain KEY` describes an option. Paths are relative to this file.

[server]
listen = ["127.0.0.1:8000", "[::1]:8000"]
# For other machines, and with TLS:
# listen = [{ addr = "0.0.0.0:8443", tls = { cert = "server.pem", key = "server.key" } }]
# The socket through which `carillon reload`, `takeover` and `healthcheck` reach the process:
# control = "/run/carillon/control.sock"

[bus]
url = "memory:"                      # events come by POST /v1/publish only, for one gateway
# url = "redis://127.0.0.1:6379"     # events come by PUBLISH as well, for any number of gateways
# tls_ca_file = "ca.pem"             # for rediss://, where the machine's own certificate authorities do not do

[keys.main]                          # verifies the tokens of clients, which your back end signs
algorithms = ["HS256"]
secret = { file = "jwt.secret" }

[api]                                # Authorization: Bearer KEY for POST /v1/publish
keys = [{ file = "api.key" }]
)";

// One file that is made.
struct Draft {
  std::string path;
  std::string text;
  mode_t mode;
};

// As TOML, for what a shell may pass as an argument.
std::string literal(const std::string& text) { return "'" + text + "'"; }

std::string_view profile_text(const std::string& name) {
  for (const config::Profile& profile : config::embedded_profiles()) {
    if (profile.name == name) return profile.text;
  }
  return {};
}

// The first line of a built-in profile describes it: "# orion: every event of …".
std::string description_of(const std::string& name) {
  const std::string_view text = profile_text(name);
  return text.starts_with("# ") ? std::string(text.substr(0, text.find('\n') + 1)) : std::string();
}

std::string config_text(const std::vector<std::string>& profiles) {
  std::string text = kHead;
  for (const std::string& profile : profiles) {
    text += "\n" + description_of(profile) + "[[endpoint]]\nprofile = " + literal(profile) + "\n";
  }
  return text;
}

// What is served unless the user says: not what anyone could receive.
std::vector<std::string> profiles_with_a_token() {
  std::vector<std::string> names;
  for (const std::string& name : built_in_profiles()) {
    if (profile_text(name).find("mode = \"none\"") == std::string_view::npos) names.push_back(name);
  }
  return names;
}

std::vector<Draft> drafts_of(const ConfigInitArguments& arguments) {
  const std::size_t end = arguments.config_file.rfind('/');
  const std::string folder = end == std::string::npos ? "" : arguments.config_file.substr(0, end + 1);
  return {{arguments.config_file,
           config_text(arguments.profiles.empty() ? profiles_with_a_token() : arguments.profiles), 0644},
          {folder + "jwt.secret", random_hex(kSecretDigits) + "\n", 0600},
          {folder + "api.key", random_hex(kApiKeyDigits) + "\n", 0600}};
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

int run_config_init(const ConfigInitArguments& arguments) {
  for (const std::string& profile : arguments.profiles) {
    if (profile.find('\'') != std::string::npos) return fail("--profile: a name or a path without a quote");
  }
  const std::vector<Draft> drafts = drafts_of(arguments);
  for (const Draft& draft : drafts) {
    if (exists(draft.path))
      return fail(draft.path + " exists; delete it, or make the files in another folder");
  }
  for (const Draft& draft : drafts) {
    if (const auto made = write_new_file(draft.path, draft.text, draft.mode); !made) {
      return fail("cannot write " + draft.path + ": " + made.error().message);
    }
    std::printf("wrote %s\n", draft.path.c_str());
  }
  // A profile that does not exist, for one.
  if (!load_config_file(arguments.config_file)) return 2;
  const std::string file = arguments.config_file == "carillon.toml" ? "" : " " + arguments.config_file;
  std::printf("\nNext:  carillon serve%s\n", file.c_str());
  return 0;
}

}  // namespace carillon::app

// `carillon token`: a token to try things with.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "app/command/client_config.h"
#include "app/command/verbs.h"
#include "app/config_path.h"
#include "app/terminal.h"
#include "app/tokens.h"
#include "auth/authenticator.h"
#include "base/time.h"

namespace carillon::app {
namespace {

constexpr const char* kSecretVariable = "CARILLON_JWT_SECRET";

// What a token is signed with, and for which endpoint.
struct Signing {
  auth::Signer signer;
  std::string key_id;
  std::string required;  // claims (TokenRequest::required)
};

std::string whole_path(const TokenArguments& arguments) {
  return arguments.config_file.empty() ? default_config_path() : arguments.config_file;
}

Result<std::optional<auth::Algorithm>> wanted_algorithm(const std::string& name) {
  if (name.empty()) return std::optional<auth::Algorithm>();
  if (const auto algorithm = auth::algorithm_named(name)) return std::optional(*algorithm);
  return failure("--alg: " + auth::unknown_algorithm(name));
}

std::string kind_of(const config::KeySettings& key) {
  return key.public_key_pem.empty() ? "a key set" : "a public key";
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

// The rules that a token of this key must pass: those of the endpoint that is named, or of the first one that
// accepts the key; where none does, none.
config::EndpointSettings rules_for(const ClientConfig& config, const std::string& key,
                                   const config::EndpointSettings* endpoint) {
  if (endpoint) return *endpoint;
  for (const config::EndpointSettings& each : config.settings.endpoints) {
    const auto& keys = each.auth.keys;
    const bool takes = keys.empty() || std::find(keys.begin(), keys.end(), key) != keys.end();
    if (takes && each.auth.mode == config::AuthMode::jwt) return each;
  }
  return {};
}

Result<const config::EndpointSettings*> named_endpoint(const ClientConfig& config, const std::string& name) {
  if (name.empty()) return nullptr;
  return config.endpoint(name);
}

Result<const config::KeySettings*> named_key(const ClientConfig& config, const std::string& name) {
  std::vector<std::string> names;
  for (const config::KeySettings& key : config.settings.keys) {
    if (key.name == name) return &key;
    names.push_back(key.name);
  }
  return failure("--key-name: there is no [keys." + name + "] in " + config.source +
                 (names.empty() ? "; it has no keys" : "; there are " + joined(names)));
}

// Why no token can be signed with the keys of the configuration.
tl::unexpected<Error> cannot_sign(const ClientConfig& config, const config::KeySettings* key,
                                  const config::EndpointSettings* endpoint) {
  if (key && !key->secret.empty() && endpoint) {
    return failure("endpoint " + endpoint->name + " of " + config.source + " accepts no token of [keys." +
                   key->name + "]; write the name of another with --key-name");
  }
  if (!key && !config.settings.keys.empty()) key = &config.settings.keys.front();
  if (!key)
    return failure(config.source + " has no [keys.*]; give a private key or a secret with --key FILE");
  return failure("[keys." + key->name + "] of " + config.source + " has " + kind_of(*key) +
                 ", with which no token can be signed; give the issuer's private key: --key private.pem");
}

Result<Signing> sign_with(const config::KeySettings& key, const config::EndpointSettings& rules,
                          std::optional<auth::Algorithm> wanted) {
  if (wanted && std::find(key.algorithms.begin(), key.algorithms.end(), auth::name_of(*wanted)) ==
                    key.algorithms.end()) {
    return failure("--alg: [keys." + key.name + "] does not list " + std::string(auth::name_of(*wanted)) +
                   "; it lists " + joined(key.algorithms));
  }
  auto signer = auth::Signer::make(key.secret.reveal(), wanted ? wanted : signing_algorithm(key, rules.auth));
  if (!signer) return failure("keys." + key.name + ".secret " + signer.error().message);
  return Signing{*std::move(signer), key.key_id, required_claims(key, rules)};
}

Result<Signing> from_config(const ClientConfig& config, const TokenArguments& arguments,
                            std::optional<auth::Algorithm> wanted) {
  if (std::string faults = config.faults_at({"keys", "endpoint"}); !faults.empty()) return failure(faults);
  const auto endpoint = named_endpoint(config, arguments.endpoint);
  if (!endpoint) return tl::unexpected(endpoint.error());
  const config::KeySettings* only = nullptr;
  if (!arguments.key_name.empty()) {
    const auto key = named_key(config, arguments.key_name);
    if (!key) return tl::unexpected(key.error());
    only = *key;
  }
  for (const config::KeySettings& key : config.settings.keys) {
    if (only && only != &key) continue;
    const config::EndpointSettings rules = rules_for(config, key.name, *endpoint);
    if (can_sign(key, rules.auth)) return sign_with(key, rules, wanted);
  }
  return cannot_sign(config, only, *endpoint);
}

// The key of the configuration whose tokens this signer makes: the one that is named, or the first that lists
// its algorithm and has a public key or a set. It is not known whether the keys belong together.
const config::KeySettings* counterpart(const ClientConfig& config, const auth::Signer& signer,
                                       const std::string& name) {
  for (const config::KeySettings& key : config.settings.keys) {
    const std::string_view algorithm = auth::name_of(signer.algorithm());
    const bool lists =
        std::find(key.algorithms.begin(), key.algorithms.end(), algorithm) != key.algorithms.end();
    if (name.empty() ? lists : key.name == name) return &key;
  }
  return nullptr;
}

// Reads a file as the gateway reads that of a secret.
Result<std::string> read_key_file(const std::string& file) {
  auto text = config::Environment::of_process().read_file(file);
  if (!text) return failure("--key " + file + ": " + text.error().message);
  // An editor ends a file with a newline, which is not part of a secret.
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  return text;
}

Result<Signing> from_file(const TokenArguments& arguments, std::optional<auth::Algorithm> wanted) {
  const auto text = read_key_file(arguments.key_file);
  if (!text) return tl::unexpected(text.error());
  auto signer = auth::Signer::make(*text, wanted);
  if (!signer) return failure("--key " + arguments.key_file + " " + signer.error().message);
  Signing signing{*std::move(signer), {}, {}};
  const std::string path = whole_path(arguments);
  if (path.empty()) return signing;
  const auto config = read_client_config(path);
  if (!config) return tl::unexpected(config.error());
  const auto endpoint = named_endpoint(*config, arguments.endpoint);
  if (!endpoint) return tl::unexpected(endpoint.error());
  if (!arguments.key_name.empty()) {
    if (const auto key = named_key(*config, arguments.key_name); !key) return tl::unexpected(key.error());
  }
  if (const auto* key = counterpart(*config, signing.signer, arguments.key_name)) {
    signing.key_id = key->key_id;
    signing.required = required_claims(*key, rules_for(*config, key->name, *endpoint));
  }
  return signing;
}

Result<Signing> from_variable(std::optional<auth::Algorithm> wanted) {
  const char* secret = std::getenv(kSecretVariable);
  if (secret && *secret) {
    auto signer = auth::Signer::make(secret, wanted);
    if (!signer) return failure(std::string(kSecretVariable) + " " + signer.error().message);
    return Signing{*std::move(signer), {}, {}};
  }
  return failure(std::string("there is no ") + default_config_paths() +
                 " with a key; write --config FILE or --key FILE, or set " + kSecretVariable +
                 " to the gateway's secret");
}

Result<Signing> find_signing(const TokenArguments& arguments) {
  const auto wanted = wanted_algorithm(arguments.algorithm);
  if (!wanted) return tl::unexpected(wanted.error());
  if (!arguments.key_file.empty()) return from_file(arguments, *wanted);
  const bool needs_config = !arguments.key_name.empty() || !arguments.endpoint.empty();
  const std::string path = whole_path(arguments);
  if (!path.empty()) {
    const auto config = read_client_config(path);
    return config ? from_config(*config, arguments, *wanted) : tl::unexpected(config.error());
  }
  const char* secret = std::getenv(kSecretVariable);
  if (needs_config || !secret || !*secret) {
    if (const auto dev = dev_client_config()) return from_config(*dev, arguments, *wanted);
  }
  if (needs_config) return failure("--key-name and --endpoint need a configuration; write --config FILE");
  return from_variable(*wanted);
}

Result<std::string> mint(const TokenArguments& arguments) {
  const auto ttl = parse_ttl(arguments.ttl);
  if (!ttl) return failure("--ttl: " + ttl.error().message);
  const auto signing = find_signing(arguments);
  if (!signing) return tl::unexpected(signing.error());
  TokenRequest request;
  request.subject = arguments.subject;
  request.ttl = *ttl;
  request.issuer = arguments.issuer;
  request.audience = arguments.audience;
  request.claims = arguments.claims;
  request.key_id = arguments.key_id.empty() ? signing->key_id : arguments.key_id;
  request.required = signing->required;
  return mint_token(signing->signer, request, wall_now());
}

}  // namespace

int run_token(const TokenArguments& arguments) {
  const auto token = mint(arguments);
  if (!token) return fail(token.error().message, 2);
  std::printf("%s\n", token->c_str());
  return 0;
}

}  // namespace carillon::app

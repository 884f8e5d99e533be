// The verb `token` and what is below it.
#include <CLI/CLI.hpp>
#include <memory>

#include "app/command/declare.h"
#include "app/command/verbs.h"
#include "app/config_path.h"
#include "app/tokens.h"

namespace carillon::app {
namespace {

void add_ttl(CLI::App& verb, std::string& ttl) {
  verb.add_option("--ttl", ttl, "How long it is valid, such as 90s, 15m or 1h; at most 2400h")
      ->check([](const std::string& text) {
        const auto parsed = parse_ttl(text);
        return parsed ? std::string() : parsed.error().message;
      })
      ->type_name("DURATION")
      ->capture_default_str();
}

void add_key_options(CLI::App& token, TokenArguments& arguments) {
  token
      .add_option("--key", arguments.key_file,
                  "File with a PEM private key or a secret to sign with; default: the configuration's key")
      ->type_name("FILE");
  token
      .add_option("--alg", arguments.algorithm, "Algorithm, such as RS256; default: the usual one of the key")
      ->type_name("NAME");
  token.add_option("--kid", arguments.key_id, "Key id in the header; default: the configuration's key_id")
      ->type_name("ID");
  token
      .add_option(
          "-c,--config", arguments.config_file,
          "Configuration with the key and the claims that it requires; default: " + default_config_paths() +
              ", else the secret in CARILLON_JWT_SECRET, else that of carillon dev")
      ->type_name("FILE");
  token.add_option("--key-name", arguments.key_name, "Name in [keys.*]; default: the first that can sign")
      ->type_name("NAME");
  token
      .add_option("--endpoint", arguments.endpoint,
                  "Endpoint whose requirements the token must meet; default: the first that accepts the key")
      ->type_name("NAME");
}

void declare_verify(CLI::App& token, Run& run) {
  CLI::App* verify =
      token.add_subcommand("verify", "Check a token as the gateway does, and show each check and the answer");
  describe(*verify, "Commands",
           "carillon token verify --config gateway.toml TOKEN\n  carillon token | carillon token verify -");
  auto arguments = std::make_shared<TokenVerifyArguments>();
  verify->add_option("token", arguments->token, "The token; \"-\": read it from standard input")->required();
  verify
      ->add_option(
          "-c,--config", arguments->config_file,
          "Configuration of the gateway; default: " + default_config_paths() + ", else that of carillon dev")
      ->type_name("FILE");
  verify
      ->add_option("--endpoint", arguments->endpoint,
                   "Endpoint; default: each whose clients present tokens, and 0 if any accepts the token")
      ->type_name("NAME");
  verify->add_flag("--json", arguments->json, "Print one JSON object instead of text");
  verify->callback([&run, arguments] { run = [arguments] { return run_token_verify(*arguments); }; });
}

}  // namespace

void declare_token(CLI::App& app, Run& run) {
  CLI::App* token = app.add_subcommand("token", "Mint a token that the gateway accepts, to try things with");
  describe(*token, "Try", "carillon token --config gateway.toml --sub ada --ttl 1h");
  auto arguments = std::make_shared<TokenArguments>();
  token->add_option("--sub", arguments->subject, "The user (sub) of the token")->capture_default_str();
  add_ttl(*token, arguments->ttl);
  token->add_option("--aud", arguments->audience,
                    "Audience; default: the one that the configuration requires");
  token->add_option("--iss", arguments->issuer, "Issuer; default: the one that the configuration requires");
  token->add_option("--claims", arguments->claims, "More claims, as a JSON object")->type_name("JSON");
  add_key_options(*token, *arguments);
  declare_verify(*token, run);
  token->callback([&run, arguments, token] {
    if (!token->get_subcommands().empty()) return;  // its callback has run before this one
    run = [arguments] { return run_token(*arguments); };
  });
}

}  // namespace carillon::app

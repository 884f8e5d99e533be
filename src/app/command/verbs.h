// The verbs of the command line. Each takes its parsed arguments and returns the exit code of the process:
// 0 success, 1 failure, 2 wrong arguments or configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/dev/dev.h"
#include "base/time.h"

namespace carillon::app {

// Arguments of `carillon serve`.
struct ServeArguments {
  std::string config_file;
  bool takeover = false;  // from the process whose control socket the configuration names
};

// Arguments of `carillon check`.
struct CheckArguments {
  std::string config_file;
  bool json = false;  // instead of text
};

// Arguments of `carillon profile test`.
struct ProfileTestArguments {
  std::string profile;               // a file that ends in .toml, or the name of a built-in profile
  std::vector<std::string> vectors;  // files; empty: the profile's path with .vectors.json for .toml
  bool json = false;                 // instead of text
};

// Arguments of `carillon config init`.
struct ConfigInitArguments {
  std::string config_file = "carillon.toml";
  std::vector<std::string> profiles;  // empty: the built-in ones whose clients need a token
};

// Arguments of `carillon token`.
struct TokenArguments {
  std::string subject = "dev";
  std::string ttl = "1h";
  std::string claims;  // a JSON object to merge in; empty: none
  std::string audience;
  std::string issuer;
  std::string key_file;   // a private key or a secret; empty: the configuration's
  std::string algorithm;  // empty: the key's usual one
  std::string key_id;     // empty: the configuration's
  std::string config_file;
  std::string key_name;  // of [keys.*]; empty: the first that can sign
  std::string endpoint;  // whose rules the token must pass; empty: the first that takes tokens of the key
};

// Arguments of `carillon token verify`.
struct TokenVerifyArguments {
  std::string token;  // "-": it is on standard input
  std::string config_file;
  std::string endpoint;  // empty: all whose clients present tokens
  bool json = false;     // instead of text
};

// Arguments of `carillon publish`.
struct PublishArguments {
  std::string url;  // empty: the configuration's, or http://127.0.0.1:8000
  std::string ca_file;
  std::string config_file;
  std::string channel;  // with `lines`, of every line; empty: each line names its own
  std::string data;     // "-": it is on standard input
  bool lines = false;   // one event a line of standard input
};

// Arguments of `carillon listen`.
struct ListenArguments {
  std::string url;       // empty: that of the endpoint
  std::string endpoint;  // empty: the URL says it all
  std::string config_file;
  std::string token;            // empty: one is made from the configuration
  std::string subject = "dev";  // of that one
  std::string ca_file;
  std::vector<std::string> channels;  // to subscribe to
  std::uint64_t count = 0;            // messages after which it ends; 0: never
  bool json = false;
  bool reconnect = true;
};

// Arguments of the verbs that ask a running gateway.
struct ControlArguments {
  std::string config_file;  // names the control socket
  std::string control;      // its path; empty: the configuration's
  bool close = false;       // of a reload: clients whose key is gone are closed
};

// Arguments of `carillon healthcheck`.
struct HealthcheckArguments {
  ControlArguments gateway;
  std::string url;  // asked instead of the control socket; empty: the default address without a configuration
};

// Arguments of `carillon doctor`.
struct DoctorArguments {
  std::optional<std::int64_t> connections;  // nothing: the configuration's, or 10,000
  std::string config_file;                  // empty: none
};

// Arguments of `carillon bench`. command_line.cc has their defaults and bounds, docs/benchmarking.md their
// meaning.
struct BenchArguments {
  std::string url = "ws://127.0.0.1:8000/ws";
  std::uint32_t clients = 100;
  std::uint32_t threads = 1;
  std::optional<std::uint32_t> sources;  // nothing: enough for the clients' ports
  std::optional<int> core;
  std::string transport = "ws";
  std::vector<std::string> hellos;
  std::vector<std::string> answers;
  bool binary = false;
  std::string count = "frames";
  std::uint32_t users = 1;
  std::string token_param = "token";
  bool bearer = false;
  std::string publish;  // empty: connect and listen
  std::vector<std::string> publish_headers;
  std::string publish_body;
  std::string channel;
  std::string order = "round-robin";
  std::string body;
  std::uint32_t bytes = 256;
  double rate = 10;
  milliseconds duration{10'000};
  std::uint64_t events = 0;  // 0: as many as --rate makes in --duration
  std::uint32_t stall = 0;
  std::vector<int> server_pids;
  bool json = false;
};

int run_serve(const ServeArguments& arguments);
int run_reload(const ControlArguments& arguments);
int run_takeover(const ControlArguments& arguments);
int run_check(const CheckArguments& arguments);
int run_healthcheck(const HealthcheckArguments& arguments);
int run_profile_list();
int run_profile_show(const std::string& name);
int run_profile_test(const ProfileTestArguments& arguments);
int run_config_show(const std::string& config_file);
int run_config_init(const ConfigInitArguments& arguments);
int run_config_explain(const std::string& key_prefix);
int run_token(const TokenArguments& arguments);
int run_token_verify(const TokenVerifyArguments& arguments);
int run_listen(const ListenArguments& arguments);
int run_publish(const PublishArguments& arguments);
int run_bench(const BenchArguments& arguments);
int run_doctor(const DoctorArguments& arguments);
int run_version();

}  // namespace carillon::app

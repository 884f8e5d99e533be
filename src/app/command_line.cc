#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/diagnosis.h"
#include "app/verbs.h"
#include "config/load.h"

namespace carillon::app {
namespace {

constexpr int kUsage = 2;

// What was parsed, and what to do with it.
struct Parsed {
  std::string config_file;
  ServeArguments serve;
  DevArguments dev;
  TokenArguments token;
  PublishArguments publish;
  BenchArguments bench;
  DoctorArguments doctor;
  ControlArguments control;
  std::string profile;
  std::string option;
  std::function<int()> run;
};

void add_serving(CLI::App& app, Parsed& parsed) {
  CLI::App* serve = app.add_subcommand("serve", "Serve clients with a configuration file");
  serve->add_option("-c,--config", parsed.serve.config_file, "The configuration file (docs/configuration.md)")
      ->required();
  serve->add_flag("--takeover", parsed.serve.takeover,
                  "Take over from the running process, without a client that is refused");
  serve->callback([&] { parsed.run = [&] { return run_serve(parsed.serve); }; });

  CLI::App* check = app.add_subcommand("check", "Check a configuration file and list every mistake");
  check->add_option("file", parsed.config_file, "The configuration")->required();
  check->callback([&] { parsed.run = [&] { return run_check(parsed.config_file); }; });
}

// --name and --no-name, which counts when both are given; without either the value stays empty.
void add_switch(CLI::App& verb, const std::string& name, std::optional<bool>& value, const std::string& on,
                const std::string& off) {
  verb.add_flag_callback(
      "--" + name, [&value] { value = true; }, on);
  verb.add_flag_callback(
      "--no-" + name, [&value] { value = false; }, off);
}

void add_dev(CLI::App& app, Parsed& parsed) {
  CLI::App* dev = app.add_subcommand(
      "dev", "Serve the built-in protocols and your own while you write it, with commands to paste");
  dev->add_option("--profile", parsed.dev.profiles,
                  "File of a protocol of your own, served as well; may be given several times")
      ->type_name("FILE");
  dev->add_option("-c,--config", parsed.dev.config_file,
                  "Serve this configuration file instead of the built-in protocols")
      ->type_name("FILE");
  add_switch(*dev, "watch", parsed.dev.watch, "Apply every change of these files at once (the default)",
             "Apply no change of them");
  dev->add_option("--bus", parsed.dev.bus, "The bus, such as redis://127.0.0.1:6379; default memory:");
  dev->add_option("--listen", parsed.dev.listen, "Address and port; default 127.0.0.1:8000 and [::1]:8000");
  add_switch(*dev, "samples", parsed.dev.samples,
             "Publish a sample event per second and protocol (the default on memory:)",
             "Publish none (the default on any other bus)");
  dev->add_option("--log-level", parsed.dev.log_level, "debug, info, warning or error; default warning");
  dev->callback([&] { parsed.run = [&] { return run_dev(parsed.dev); }; });
}

void add_controlling(CLI::App& app, Parsed& parsed) {
  CLI::App* reload = app.add_subcommand("reload", "Have a running gateway read its configuration again");
  CLI::Option* file = reload->add_option("-c,--config", parsed.control.config_file,
                                         "The gateway's configuration file, whose server.control is used");
  CLI::Option* control =
      reload->add_option("--control", parsed.control.control, "Path of its control socket");
  reload->add_flag("--close", parsed.control.close, "Also close the clients whose key is gone");
  reload->callback([&parsed, file, control] {
    if (file->empty() && control->empty()) throw CLI::RequiredError("--config or --control");
    parsed.run = [&parsed] { return run_reload(parsed.control); };
  });
}

void add_takeover(CLI::App& app, Parsed& parsed) {
  CLI::App* takeover =
      app.add_subcommand("takeover", "Start this program as the successor of the running gateway");
  takeover->add_option("-c,--config", parsed.control.config_file, "The gateway's configuration file")
      ->required();
  takeover->callback([&] { parsed.run = [&] { return run_takeover(parsed.control); }; });
}

void add_looking_up(CLI::App& app, Parsed& parsed) {
  CLI::App* profile = app.add_subcommand("profile", "List or print the built-in profiles");
  profile->require_subcommand(1);
  profile->add_subcommand("list", "List the built-in profiles")->callback([&] {
    parsed.run = run_profile_list;
  });
  CLI::App* show = profile->add_subcommand("show", "Print a profile's file, whose values can be overridden");
  show->add_option("name", parsed.profile, "The profile's name")->required();
  show->callback([&] { parsed.run = [&] { return run_profile_show(parsed.profile); }; });

  CLI::App* config = app.add_subcommand("config", "The options of a configuration file");
  config->require_subcommand(1);
  CLI::App* explain = config->add_subcommand("explain", "Describe every option, or those below a key");
  explain->add_option("key", parsed.option, "e.g. endpoint.keepalive");
  explain->callback([&] { parsed.run = [&] { return run_config_explain(parsed.option); }; });
}

void add_doctor(CLI::App& app, Parsed& parsed) {
  CLI::App* doctor =
      app.add_subcommand("doctor", "Check what this machine lacks to hold a number of connections");
  doctor->add_option("--connections", parsed.doctor.connections, "Number of connections; default 10000")
      ->check(CLI::Range(std::int64_t{1}, kConnectionsMax));
  doctor->add_option("-c,--config", parsed.doctor.config_file,
                     "Read server.connections_max and server.descriptors from this file");
  doctor->callback([&] { parsed.run = [&] { return run_doctor(parsed.doctor); }; });
}

void add_tools(CLI::App& app, Parsed& parsed) {
  CLI::App* token = app.add_subcommand("token", "Mint a token with the secret in CARILLON_JWT_SECRET");
  token->add_option("--sub", parsed.token.subject, "The user (sub) of the token")->capture_default_str();
  token->add_option("--ttl", parsed.token.ttl_s, "Seconds until it expires")
      ->check(CLI::Range(1, 31'536'000))
      ->capture_default_str();
  token->add_option("--claims", parsed.token.claims, "More claims, as a JSON object");
  token->callback([&] { parsed.run = [&] { return run_token(parsed.token); }; });

  CLI::App* publish = app.add_subcommand("publish", "Publish an event, with the key in CARILLON_API_KEY");
  publish->add_option("--url", parsed.publish.url, "The gateway")->capture_default_str();
  publish->add_option("channel", parsed.publish.channel, "e.g. orion.content.created")->required();
  publish->add_option("data", parsed.publish.data, "The event, as JSON")->required();
  publish->callback([&] { parsed.run = [&] { return run_publish(parsed.publish); }; });

  app.add_subcommand("version", "Print the version")->callback([&] { parsed.run = run_version; });
}

void add_bench_clients(CLI::App* bench, BenchArguments& arguments) {
  bench->add_option("--url", arguments.url, "URL that clients connect to; $i is the client's number")
      ->capture_default_str();
  bench->add_option("--clients", arguments.clients, "Number of clients")
      ->check(CLI::Range(1, 4'000'000))
      ->capture_default_str();
  bench
      ->add_option("--users", arguments.users,
                   "Number of different users, whose tokens are minted with CARILLON_JWT_SECRET")
      ->check(CLI::Range(1, 4'000'000))
      ->capture_default_str();
  bench->add_option("--token-param", arguments.token_param, "The query parameter of the token")
      ->capture_default_str();
  bench->add_flag("--bearer", arguments.bearer, "Send the token in the Authorization header");
  bench->add_option("--transport", arguments.transport, "ws or sse")
      ->check(CLI::IsMember({"ws", "sse"}))
      ->capture_default_str();
  bench->add_option("--hello", arguments.hellos,
                    "Message that each client sends once it is open; $i is its number");
  bench->add_option("--answer", arguments.answers, "QUESTION=ANSWER: reply to a text message");
  bench->add_flag("--binary", arguments.binary, "Send these messages as binary");
  bench->add_option("--count", arguments.count, "How events are counted: frames, or marker:TEXT")
      ->capture_default_str();
  bench->add_option("--stall", arguments.stall, "Number of clients that never read");
  bench->add_option("--sources", arguments.sources, "Number of loopback addresses that clients connect from")
      ->check(CLI::Range(1, 60'000));
  bench->add_option("--threads", arguments.threads, "Number of threads, each with its own descriptor table")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  bench->add_option("--core", arguments.core, "Run on this core");
}

void add_bench_events(CLI::App* bench, BenchArguments& arguments) {
  bench->add_option("--publish", arguments.publish,
                    "http://…/v1/publish, redis://…, nats://…, or any URL to POST to");
  bench->add_option("--publish-header", arguments.publish_headers, "'Name: value' header of such a POST");
  bench->add_option("--publish-body", arguments.publish_body, "Its body, with $channel and $data");
  bench->add_option("--channel", arguments.channel,
                    "Channel that events are published to; with $i one channel per client");
  bench->add_option("--order", arguments.order, "Order of the channels: round-robin or random")
      ->check(CLI::IsMember({"round-robin", "random"}))
      ->capture_default_str();
  bench->add_option("--body", arguments.body, R"(The event's JSON; default {"n":$n,"pad":"$pad"})");
  bench->add_option("--bytes", arguments.bytes, "Length of that JSON in bytes")
      ->check(CLI::Range(16, 1024 * 1024))
      ->capture_default_str();
  bench->add_option("--rate", arguments.rate, "Events per second")
      ->check(CLI::Range(0.01, 1e6))
      ->capture_default_str();
  bench->add_option("--seconds", arguments.seconds, "Duration in seconds")
      ->check(CLI::Range(0.1, 86'400.0))
      ->capture_default_str();
  bench->add_option("--events", arguments.events, "Number of events, instead of a duration")
      ->check(CLI::Range(1.0, 1e12));
  bench->add_option("--server-pid", arguments.server_pids, "Measure this process's CPU time and memory");
  bench->add_flag("--json", arguments.json, "Print JSON instead of a table");
}

void add_measuring(CLI::App& app, Parsed& parsed) {
  CLI::App* bench = app.add_subcommand("bench", "Measure a gateway: connect, publish, count and time");
  bench->footer(
      "The token comes from CARILLON_TOKEN, or is minted with CARILLON_JWT_SECRET; the API's key\n"
      "from CARILLON_API_KEY. docs/benchmarking.md explains each figure.");
  add_bench_clients(bench, parsed.bench);
  add_bench_events(bench, parsed.bench);
  bench->callback([&] { parsed.run = [&] { return run_bench(parsed.bench); }; });
}

std::vector<std::string> words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(verb->get_name());
  }
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

// The innermost verb that was recognised: its words are those that could have been meant.
const CLI::App& innermost(const CLI::App& app) {
  const auto verbs = app.get_subcommands();
  return verbs.empty() ? app : innermost(*verbs.front());
}

std::string advice(const CLI::App& app, int argc, char** argv) {
  const CLI::App& verb = innermost(app);
  const std::vector<std::string> known = words_of(verb);
  for (int i = 1; i < argc; ++i) {
    const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
    bool is_known = word == verb.get_name();
    for (const CLI::App* at = &verb; at != nullptr; at = at->get_parent()) is_known |= at->get_name() == word;
    for (const std::string& each : known) is_known |= each == word;
    if (is_known) continue;
    if (const auto near = config::nearest(word, known)) return "; did you mean " + *near + "?";
  }
  return {};
}

int explain(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  std::fprintf(stderr, "carillon: %s%s\n", error.what(), advice(app, argc, argv).c_str());
  std::string verb;
  for (const CLI::App* at = &innermost(app); at->get_parent() != nullptr; at = at->get_parent()) {
    verb = " " + at->get_name() + verb;
  }
  std::fprintf(stderr, "Try: carillon%s --help\n", verb.c_str());
  return kUsage;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Carillon: a real-time event gateway from Redis and HTTP to WebSocket clients.", "carillon");
  app.set_version_flag("--version", "carillon " CARILLON_VERSION);
  app.require_subcommand(1);
  Parsed parsed;
  add_serving(app, parsed);
  add_dev(app, parsed);
  add_controlling(app, parsed);
  add_takeover(app, parsed);
  add_looking_up(app, parsed);
  add_tools(app, parsed);
  add_measuring(app, parsed);
  add_doctor(app, parsed);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return explain(app, error, argc, argv);
  }
  return parsed.run();
}

}  // namespace carillon::app

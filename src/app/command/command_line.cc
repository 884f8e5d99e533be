#include "app/command/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/command/diagnosis.h"
#include "app/command/verbs.h"
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

// The heading of the verb in `carillon --help`, and a line to copy.
void describe(CLI::App* verb, const char* group, const std::string& example) {
  verb->group(group);
  verb->footer("Example:\n  " + example);
}

void add_serving(CLI::App& app, Parsed& parsed) {
  CLI::App* serve = app.add_subcommand("serve", "Serve clients with a configuration file");
  describe(serve, "Serve", R"(carillon serve --config /etc/carillon/gateway.toml)");
  serve->add_option("-c,--config", parsed.serve.config_file, "The configuration file (docs/configuration.md)")
      ->required();
  serve->add_flag("--takeover", parsed.serve.takeover,
                  "Take over from the running process, without a client that is refused");
  serve->callback([&] { parsed.run = [&] { return run_serve(parsed.serve); }; });

  CLI::App* check = app.add_subcommand("check", "Check a configuration file and list every mistake");
  describe(check, "Serve", R"(carillon check gateway.toml)");
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
  describe(dev, "Serve", R"(carillon dev --profile mine.toml)");
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
  describe(reload, "Operate", R"(carillon reload --config /etc/carillon/gateway.toml)");
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
  describe(takeover, "Operate", R"(carillon takeover --config /etc/carillon/gateway.toml)");
  takeover->add_option("-c,--config", parsed.control.config_file, "The gateway's configuration file")
      ->required();
  takeover->callback([&] { parsed.run = [&] { return run_takeover(parsed.control); }; });
}

void add_looking_up(CLI::App& app, Parsed& parsed) {
  CLI::App* profile = app.add_subcommand("profile", "List or print the built-in profiles");
  describe(profile, "Look up", R"(carillon profile list)");
  profile->require_subcommand(1);
  profile->add_subcommand("list", "List the built-in profiles")->callback([&] {
    parsed.run = run_profile_list;
  });
  CLI::App* show = profile->add_subcommand("show", "Print a profile's file, whose values can be overridden");
  show->add_option("name", parsed.profile, "The profile's name")->required();
  show->callback([&] { parsed.run = [&] { return run_profile_show(parsed.profile); }; });

  CLI::App* config = app.add_subcommand("config", "The options of a configuration file");
  describe(config, "Look up", R"(carillon config explain endpoint.keepalive)");
  config->require_subcommand(1);
  CLI::App* explain = config->add_subcommand("explain", "Describe every option, or those below a key");
  explain->add_option("key", parsed.option, "e.g. endpoint.keepalive");
  explain->callback([&] { parsed.run = [&] { return run_config_explain(parsed.option); }; });
}

void add_doctor(CLI::App& app, Parsed& parsed) {
  CLI::App* doctor =
      app.add_subcommand("doctor", "Check what this machine lacks to hold a number of connections");
  describe(doctor, "Operate", R"(carillon doctor --connections 100000)");
  doctor->add_option("--connections", parsed.doctor.connections, "Number of connections; default 10000")
      ->check(CLI::Range(std::int64_t{1}, kConnectionsMax));
  doctor->add_option("-c,--config", parsed.doctor.config_file,
                     "Read server.connections_max and server.descriptors from this file");
  doctor->callback([&] { parsed.run = [&] { return run_doctor(parsed.doctor); }; });
}

void add_tools(CLI::App& app, Parsed& parsed) {
  CLI::App* token = app.add_subcommand("token", "Mint a token with the secret in CARILLON_JWT_SECRET");
  describe(token, "Try", R"(carillon token --sub ada --ttl 3600)");
  token->add_option("--sub", parsed.token.subject, "The user (sub) of the token")->capture_default_str();
  token->add_option("--ttl", parsed.token.ttl_s, "Seconds until it expires")
      ->check(CLI::Range(1, 31'536'000))
      ->capture_default_str();
  token->add_option("--claims", parsed.token.claims, "More claims, as a JSON object");
  token->callback([&] { parsed.run = [&] { return run_token(parsed.token); }; });

  CLI::App* publish = app.add_subcommand("publish", "Publish an event, with the key in CARILLON_API_KEY");
  describe(publish, "Try", R"(carillon publish news.created '{"id":"42"}')");
  publish->add_option("--url", parsed.publish.url, "The gateway")->capture_default_str();
  publish->add_option("channel", parsed.publish.channel, "e.g. orion.content.created")->required();
  publish->add_option("data", parsed.publish.data, "The event, as JSON")->required();
  publish->callback([&] { parsed.run = [&] { return run_publish(parsed.publish); }; });

  CLI::App* version = app.add_subcommand("version", "Print the version, how it was built, and its libraries");
  version->group("Help");
  version->callback([&] { parsed.run = run_version; });
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
  describe(bench, "Try", R"(carillon bench --clients 1000 --rate 100 --seconds 10)");
  bench->footer(
      bench->get_footer() +
      "\n\nThe token comes from CARILLON_TOKEN, or is minted with CARILLON_JWT_SECRET; the API's key\n"
      "from CARILLON_API_KEY. docs/benchmarking.md explains each figure.");
  add_bench_clients(bench, parsed.bench);
  add_bench_events(bench, parsed.bench);
  bench->callback([&] { parsed.run = [&] { return run_bench(parsed.bench); }; });
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(verb->get_name());
  }
  return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  return names;
}

// The verb that the first words name, and where the words after it begin.
struct Place {
  const CLI::App* verb;
  std::size_t next;
};
Place place_of(const CLI::App& app, const std::vector<std::string>& words) {
  Place place{&app, 0};
  while (place.next < words.size()) {
    const auto named = place.verb->get_subcommands(
        [&](const CLI::App* verb) { return verb->get_name() == words[place.next]; });
    if (named.empty()) break;
    place = {named.front(), place.next + 1};
  }
  return place;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// The word where a verb is expected and none has this name; empty: it is something else.
std::string unknown_verb(const Place& place, const std::vector<std::string>& words) {
  const std::vector<std::string> verbs = verbs_of(*place.verb);
  if (verbs.empty() || place.next == words.size() || words[place.next].starts_with('-')) return {};
  const std::string& word = words[place.next];
  const auto near = config::nearest(word, verbs);
  return "unknown command \"" + word + "\"" +
         (near ? "; did you mean " + *near + "?" : "; the commands are " + joined(verbs));
}

std::string unknown_option(const Place& place, const std::vector<std::string>& words) {
  const std::vector<std::string> options = options_of(*place.verb);
  for (std::size_t i = place.next; i < words.size() && words[i] != "--"; ++i) {
    const std::string word = words[i].substr(0, words[i].find('='));
    if (!word.starts_with("--") || std::find(options.begin(), options.end(), word) != options.end()) continue;
    const auto near = config::nearest(word, options);
    return "unknown option " + word + (near ? "; did you mean " + *near + "?" : "");
  }
  return {};
}

int fail(const Place& place, const std::vector<std::string>& words, const std::string& what) {
  std::string verb;
  for (std::size_t i = 0; i < place.next; ++i) verb += " " + words[i];
  std::fprintf(stderr, "carillon: %s\nTry: carillon%s --help\n", what.c_str(), verb.c_str());
  return kUsage;
}

int explain(const CLI::App& app, const CLI::ParseError& error, const std::vector<std::string>& words) {
  if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
  const Place place = place_of(app, words);
  std::string what = unknown_option(place, words);
  if (what.empty() && words.empty()) what = "a command is missing; they are " + joined(verbs_of(app));
  return fail(place, words, what.empty() ? error.what() : what);
}

// "help reload" is "reload --help".
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty() || words.front() != "help") return words;
  words.erase(words.begin());
  words.emplace_back("--help");
  return words;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Carillon: a real-time event gateway from Redis and HTTP to WebSocket clients.", "carillon");
  app.set_version_flag("-V,--version", "carillon " CARILLON_VERSION);
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
  app.add_subcommand("help", "Describe a command: carillon help serve")->group("Help");
  const std::vector<std::string> words = words_of(argc, argv);
  const Place place = place_of(app, words);
  if (const std::string what = unknown_verb(place, words); !what.empty()) return fail(place, words, what);
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes them from the end
  } catch (const CLI::ParseError& error) {
    return explain(app, error, words);
  }
  return parsed.run();
}

}  // namespace carillon::app

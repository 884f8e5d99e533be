// `carillon bench`: its many options.
#include <CLI/CLI.hpp>
#include <memory>

#include "app/command/declare.h"
#include "app/command/verbs.h"

namespace carillon::app {
namespace {

// Bounds that an error names; the help would show them as the library writes them.
template <class Number>
CLI::Validator within(Number least, Number most) {
  return CLI::Range(least, most).description("");
}

void add_clients(CLI::App* bench, BenchArguments& arguments) {
  bench->add_option("--url", arguments.url, "URL that clients connect to; $i is the client's number")
      ->capture_default_str();
  bench->add_option("--clients", arguments.clients, "Number of clients")
      ->check(within(1, 4'000'000))
      ->capture_default_str();
  bench
      ->add_option("--users", arguments.users,
                   "Number of different users, whose tokens are minted with CARILLON_JWT_SECRET")
      ->check(within(1, 4'000'000))
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
      ->check(within(1, 60'000));
  bench->add_option("--threads", arguments.threads, "Number of threads, each with its own descriptor table")
      ->check(within(1, 256))
      ->capture_default_str();
  bench->add_option("--core", arguments.core, "Run on this core");
}

void add_events(CLI::App* bench, BenchArguments& arguments) {
  bench->add_option("--publish", arguments.publish,
                    "http://HOST:PORT/v1/publish, redis://HOST, nats://HOST, or any URL to POST to");
  bench->add_option("--publish-header", arguments.publish_headers, "'Name: value' header of such a POST");
  bench->add_option("--publish-body", arguments.publish_body, "Its body, with $channel and $data");
  bench->add_option("--channel", arguments.channel,
                    "Channel that events are published to; with $i one channel per client");
  bench->add_option("--order", arguments.order, "Order of the channels: round-robin or random")
      ->check(CLI::IsMember({"round-robin", "random"}))
      ->capture_default_str();
  bench->add_option("--body", arguments.body, R"(The event's JSON; default {"n":$n,"pad":"$pad"})");
  bench->add_option("--bytes", arguments.bytes, "Length of that JSON in bytes")
      ->check(within(16, 1024 * 1024))
      ->capture_default_str();
  bench->add_option("--rate", arguments.rate, "Events per second")
      ->check(within(0.01, 1e6))
      ->capture_default_str();
  add_duration(*bench, "--duration", arguments.duration, milliseconds(100), std::chrono::hours(24),
               "How long events are published, or listened to");
  bench->add_option("--events", arguments.events, "Number of events, instead of a duration")
      ->check(within(1.0, 1e12));
  bench->add_option("--server-pid", arguments.server_pids, "Measure this process's CPU time and memory");
  bench->add_flag("--json", arguments.json, "Print JSON instead of a table");
}

}  // namespace

void declare_measuring(CLI::App& app, Run& run) {
  CLI::App* bench = app.add_subcommand("bench", "Measure a gateway: connect, publish, count and time");
  describe(*bench, "Try", "carillon bench --clients 1000 --rate 100 --duration 10s");
  bench->footer(
      bench->get_footer() +
      "\n\nThe token comes from CARILLON_TOKEN, or is minted with CARILLON_JWT_SECRET; the API's key\n"
      "from CARILLON_API_KEY. docs/benchmarking.md explains each figure.");
  auto arguments = std::make_shared<BenchArguments>();
  add_clients(bench, *arguments);
  add_events(bench, *arguments);
  bench->callback([&run, arguments] { run = [arguments] { return run_bench(*arguments); }; });
}

}  // namespace carillon::app

// fan_out: the cost of a delivery by the engine, compared with a bare loop of send() on the same connections
// in the same process, at steady rates, and on many channels. Prints a line of JSON a row.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>

#include "base/descriptor_table.h"
#include "common/json_line.h"
#include "fan_out/channels.h"
#include "fan_out/rows.h"
#include "fan_out/transports.h"

namespace carillon::bench {
namespace {

struct Arguments {
  std::string generator;
  std::uint32_t clients = 1000;
  std::vector<std::uint32_t> pending;
  std::uint32_t pairs = 16;
  std::vector<std::uint32_t> rates;
  std::uint32_t duration_s = 10;
  std::vector<std::uint32_t> latency_rates;
  std::uint32_t blocks = 8;
  std::uint32_t block_events = 10;
  bool transports = false;
  std::uint32_t channels = 0;  // of all clients together; 0: every client receives every event
  int core = 0;
  int generator_core = 1;

  std::uint32_t channels_each() const { return std::max(channels / clients, 1U); }
};

std::vector<std::string> command_of(const Arguments& arguments, std::uint16_t port) {
  std::vector<std::string> command{arguments.generator, "--port", std::to_string(port), "--core",
                                   std::to_string(arguments.generator_core)};
  if (arguments.channels == 0) return command;
  command.insert(command.end(), {"--path", std::string(kChannelsPath)});
  for (const std::string& hello : ChannelsBench::hellos(arguments.channels_each())) {
    command.insert(command.end(), {"--hello", hello});
  }
  return command;
}

using Row = Result<std::string>;

Result<std::monostate> print_rows(const std::vector<std::uint32_t>& parameters,
                                  const std::function<Row(std::uint32_t)>& measure_row) {
  for (const std::uint32_t parameter : parameters) {
    const Row row = measure_row(parameter);
    if (!row) return tl::unexpected(row.error());
    print_line(*row);
  }
  return std::monostate{};
}

Result<std::monostate> measure_channels(const Arguments& arguments, Phases& phases) {
  ChannelsBench bench(phases, arguments.channels_each());
  return print_rows(arguments.pending, [&](std::uint32_t pending) {
    return bench.against_one_channel(pending, arguments.pairs);
  });
}

Result<std::monostate> measure_broadcast(const Arguments& arguments, Phases& phases) {
  FanOutBench bench(phases);
  auto done = print_rows(arguments.pending, [&](std::uint32_t pending) {
    return bench.against_the_floor(pending, arguments.pairs);
  });
  if (!done) return done;
  done = print_rows(arguments.rates,
                    [&](std::uint32_t rate) { return bench.at_rate(rate, arguments.duration_s); });
  if (!done) return done;
  return print_rows(arguments.latency_rates, [&](std::uint32_t rate) {
    return bench.latency({rate, arguments.blocks, arguments.block_events});
  });
}

// Clients of both transports on one gateway, as many of each.
Result<std::monostate> measure_transports(const Arguments& arguments) {
  auto gateway = LoneGateway::start(arguments.core, TransportsBench::endpoints());
  if (!gateway) return tl::unexpected(gateway.error());
  const std::vector<std::string> command = command_of(arguments, (*gateway)->port());
  std::vector<std::string> stream_command = command;
  for (const std::string& option : TransportsBench::stream_options()) stream_command.push_back(option);
  auto websocket_clients = Generator::start(command, (*gateway)->token());
  if (!websocket_clients) return tl::unexpected(websocket_clients.error());
  auto stream_clients = Generator::start(stream_command, (*gateway)->token());
  if (!stream_clients) return tl::unexpected(stream_clients.error());
  Phases websockets(**gateway, **websocket_clients);
  Phases streams(**gateway, **stream_clients, TransportsBench::stream_frame_bytes());
  if (auto connected = websockets.connect(arguments.clients); !connected) return connected;
  if (auto connected = streams.connect(arguments.clients); !connected) return connected;
  TransportsBench bench(websockets, streams);
  return print_rows(arguments.pending,
                    [&](std::uint32_t pending) { return bench.compare(pending, arguments.pairs); });
}

Result<std::monostate> measure(const Arguments& arguments) {
  raise_descriptor_limit();
  if (arguments.transports) return measure_transports(arguments);
  const bool channels = arguments.channels > 0;
  auto gateway =
      LoneGateway::start(arguments.core, endpoint_of(channels ? kChannelsProfile : kBroadcastProfile));
  if (!gateway) return tl::unexpected(gateway.error());
  auto generator = Generator::start(command_of(arguments, (*gateway)->port()), (*gateway)->token());
  if (!generator) return tl::unexpected(generator.error());
  Phases phases(**gateway, **generator);
  const std::uint32_t answers_each = channels ? ChannelsBench::kAnswersEach : 0;
  if (auto connected = phases.connect(arguments.clients, answers_each); !connected) return connected;
  std::fprintf(stderr, "fan_out: %u clients are connected\n", arguments.clients);
  return channels ? measure_channels(arguments, phases) : measure_broadcast(arguments, phases);
}

}  // namespace
}  // namespace carillon::bench

int main(int argc, char** argv) {
  carillon::bench::Arguments arguments;
  // The two programs are built side by side.
  arguments.generator = (std::filesystem::path(argv[0]).parent_path() / "load_generator").string();
  CLI::App app("The cost of a delivery, compared with a bare loop of send().");
  app.add_option("--clients", arguments.clients)->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app.add_option("--pending", arguments.pending, "events pending, compared with the floor")
      ->check(CLI::Range(1, 64));
  app.add_option("--pairs", arguments.pairs, "engine and floor, so many times each")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--rates", arguments.rates, "events a second")->check(CLI::Range(1, 100'000));
  app.add_option("--seconds", arguments.duration_s, "of each rate")->check(CLI::Range(1, 600));
  app.add_option("--latency", arguments.latency_rates, "events a second, by engine and floor in turns")
      ->check(CLI::Range(1, 1000));
  app.add_option("--blocks", arguments.blocks, "of engine and floor each, for --latency")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--block-events", arguments.block_events)
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_flag("--transports", arguments.transports,
               "instead: WebSockets and Server-Sent Events in turns, --clients of each");
  app.add_option("--channels", arguments.channels,
                 "instead: so many channels of one subscriber each, in turns with one of all clients")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--core", arguments.core, "of the gateway's thread; -1: any")->capture_default_str();
  app.add_option("--generator-core", arguments.generator_core)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (const auto measured = carillon::bench::measure(arguments); !measured) {
    std::fprintf(stderr, "fan_out: %s\n", measured.error().message.c_str());
    return 1;
  }
  return 0;
}

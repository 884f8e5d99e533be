// fan_out: what a delivery costs the engine, beside a bare loop of send() on the same connections in the
// same process, and at steady rates. Prints a line of JSON a row.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "common/json_line.h"
#include "common/process.h"
#include "fan_out/rows.h"

namespace carillon::bench {
namespace {

struct Arguments {
  std::string generator;
  std::uint32_t clients = 1000;
  std::vector<std::uint32_t> pending;
  std::uint32_t pairs = 16;
  std::vector<std::uint32_t> rates;
  std::uint32_t duration_s = 10;
  FanOutBench::Blocks latency{0, 8, 10};  // no rate: not measured
  int core = 0;
  int generator_core = 1;
};

Result<std::monostate> measure(const Arguments& arguments) {
  raise_descriptor_limit();
  auto gateway = LoneGateway::start(arguments.core);
  if (!gateway) return tl::unexpected(gateway.error());
  auto generator = Generator::start({arguments.generator, "--port", std::to_string((*gateway)->port()),
                                     "--core", std::to_string(arguments.generator_core)},
                                    (*gateway)->token());
  if (!generator) return tl::unexpected(generator.error());

  Phases phases(**gateway, **generator);
  if (auto connected = phases.connect(arguments.clients); !connected) return connected;
  std::fprintf(stderr, "fan_out: %u clients are connected\n", arguments.clients);
  FanOutBench bench(phases);
  for (const std::uint32_t pending : arguments.pending) {
    const auto row = bench.against_the_floor(pending, arguments.pairs);
    if (!row) return tl::unexpected(row.error());
    print_line(*row);
  }
  for (const std::uint32_t rate : arguments.rates) {
    const auto row = bench.at_rate(rate, arguments.duration_s);
    if (!row) return tl::unexpected(row.error());
    print_line(*row);
  }
  if (arguments.latency.events_per_s > 0) {
    const auto row = bench.latency(arguments.latency);
    if (!row) return tl::unexpected(row.error());
    print_line(*row);
  }
  return std::monostate{};
}

}  // namespace
}  // namespace carillon::bench

int main(int argc, char** argv) {
  carillon::bench::Arguments arguments;
  // The two programs are built side by side.
  arguments.generator = (std::filesystem::path(argv[0]).parent_path() / "load_generator").string();
  CLI::App app("What a delivery costs, beside a bare loop of send().");
  app.add_option("--clients", arguments.clients)->check(CLI::Range(1, 1'000'000))->capture_default_str();
  app.add_option("--pending", arguments.pending, "events pending, compared with the floor")
      ->check(CLI::Range(1, 64));
  app.add_option("--pairs", arguments.pairs, "engine and floor, so many times each")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--rates", arguments.rates, "events a second")->check(CLI::Range(1, 100'000));
  app.add_option("--seconds", arguments.duration_s, "of each rate")->check(CLI::Range(1, 600));
  app.add_option("--latency", arguments.latency.events_per_s, "events a second, by engine and floor in turns")
      ->check(CLI::Range(1, 1000));
  app.add_option("--blocks", arguments.latency.pairs, "of engine and floor each, for --latency")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--block-events", arguments.latency.events)
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--core", arguments.core, "of the gateway's thread; -1: any")->capture_default_str();
  app.add_option("--generator-core", arguments.generator_core)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (const auto measured = carillon::bench::measure(arguments); !measured) {
    std::fprintf(stderr, "fan_out: %s\n", measured.error().message.c_str());
    return 1;
  }
  return 0;
}

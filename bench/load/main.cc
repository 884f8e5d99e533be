// load_generator: many WebSocket clients that count what they hear. Obeys commands on stdin
// (load/commands.h), or by itself: --clients N --seconds S.
//
// The token comes from the environment, CARILLON_TOKEN: a command line is everybody's to read.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "common/json_line.h"
#include "common/process.h"
#include "load/client_pool.h"
#include "load/commands.h"

namespace carillon::bench {
namespace {

struct Arguments {
  Target target;
  std::uint32_t clients = 0;
  std::uint32_t duration_s = 10;
  int core = -1;
};

void count_for_a_while(ClientPool& pool, const Arguments& arguments) {
  pool.want(arguments.clients);
  while (!pool.settled()) pool.turn(100);
  print_line(report_of(pool));
  std::fprintf(stderr, "load_generator: %u clients listen for %u s\n", arguments.clients,
               arguments.duration_s);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(arguments.duration_s);
  while (std::chrono::steady_clock::now() < end) pool.turn(100);
  print_line(report_of(pool));
}

int run(const Arguments& arguments) {
  const std::uint64_t descriptors = raise_descriptor_limit();
  if (arguments.clients + 16 > descriptors) {
    std::fprintf(stderr, "load_generator: this process may open %llu files: run several\n",
                 static_cast<unsigned long long>(descriptors));
    return 2;
  }
  if (arguments.core >= 0 && !pin_to_core(arguments.core)) {
    std::fprintf(stderr, "load_generator: cannot stay on core %d\n", arguments.core);
  }
  ClientPool pool(arguments.target);
  if (arguments.clients > 0) {
    count_for_a_while(pool, arguments);
  } else {
    Commands(pool).run();
  }
  return 0;
}

}  // namespace
}  // namespace carillon::bench

int main(int argc, char** argv) {
  carillon::bench::Arguments arguments;
  CLI::App app("WebSocket clients that count the events they hear. The token comes from $CARILLON_TOKEN.");
  app.add_option("--host", arguments.target.host, "numeric IPv4 address of the server")
      ->check(CLI::ValidIPV4);
  app.add_option("--port", arguments.target.port)->required();
  app.add_option("--path", arguments.target.path)->capture_default_str();
  app.add_option("--clients", arguments.clients, "connect so many and count; without it obey stdin");
  app.add_option("--seconds", arguments.duration_s)->capture_default_str();
  app.add_option("--core", arguments.core, "stay on this core");
  CLI11_PARSE(app, argc, argv);
  if (const char* token = std::getenv("CARILLON_TOKEN")) arguments.target.token = token;
  return carillon::bench::run(arguments);
}

// load_generator: many WebSocket clients that count received events. Obeys commands on stdin
// (generator/commands.h), or by itself: --clients N --seconds S.
//
// The token comes from the environment, CARILLON_TOKEN: every user can read a command line.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/descriptor_table.h"
#include "common/json_line.h"
#include "generator/commands.h"
#include "loadgen/client_pool.h"
#include "loadgen/process.h"

namespace carillon::bench {
namespace {

struct Arguments {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string path = "/ws";  // with its query but for the token
  std::string token;         // empty: none
  std::vector<std::string> hellos;
  std::string stream_marker;  // of Server-Sent Events; empty: WebSockets
  std::uint32_t clients = 0;
  std::uint32_t duration_s = 10;
  int core = -1;
};

Result<loadgen::ClientSettings> settings_of(const Arguments& arguments) {
  loadgen::ClientSettings settings;
  const auto address = loadgen::resolve(arguments.host, arguments.port);
  if (!address) return tl::unexpected(address.error());
  settings.address = *address;
  settings.host_header = arguments.host;
  settings.target = loadgen::ClientTemplate(arguments.path);
  for (const std::string& hello : arguments.hellos) settings.hellos.emplace_back(hello);
  if (!arguments.stream_marker.empty()) {
    settings.transport = loadgen::Transport::sse;
    settings.marker.emplace(arguments.stream_marker);
  }
  settings.sources = 8;  // one address has only 28,000 ports
  if (!arguments.token.empty())
    settings.token_of = [token = arguments.token](std::uint32_t) { return token; };
  return settings;
}

void count_for_a_while(loadgen::ClientPool& pool, const Arguments& arguments) {
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
  const std::int64_t descriptors = raise_descriptor_limit();
  if (std::int64_t{arguments.clients} + 16 > descriptors) {
    std::fprintf(stderr, "load_generator: this process may open %lld files: run several\n",
                 static_cast<long long>(descriptors));
    return 2;
  }
  if (arguments.core >= 0 && !loadgen::pin_to_core(arguments.core)) {
    std::fprintf(stderr, "load_generator: cannot stay on core %d\n", arguments.core);
  }
  const auto settings = settings_of(arguments);
  if (!settings) {
    std::fprintf(stderr, "load_generator: %s\n", settings.error().message.c_str());
    return 2;
  }
  loadgen::ClientPool pool(*settings);
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
  CLI::App app("WebSocket clients that count the events they receive. The token comes from $CARILLON_TOKEN.");
  app.add_option("--host", arguments.host, "numeric IPv4 address of the server")->check(CLI::ValidIPV4);
  app.add_option("--port", arguments.port)->required();
  app.add_option("--path", arguments.path)->capture_default_str();
  app.add_option("--hello", arguments.hellos,
                 "message that each client sends once it is open; $i is its number")
      ->allow_extra_args(false);
  app.add_option("--stream-marker", arguments.stream_marker,
                 "receive Server-Sent Events; this text occurs once in each event");
  app.add_option("--clients", arguments.clients,
                 "connect this many clients and count; without it commands are read from stdin");
  app.add_option("--seconds", arguments.duration_s)->capture_default_str();
  app.add_option("--core", arguments.core, "stay on this core");
  CLI11_PARSE(app, argc, argv);
  if (const char* token = std::getenv("CARILLON_TOKEN")) arguments.token = token;
  return carillon::bench::run(arguments);
}

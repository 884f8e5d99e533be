// flooder: many clients that send one kind of flood (flood/kinds.h) until stdin ends.
//
// It runs under SCHED_IDLE, so that it takes only the time of its core that nothing else wants: the
// well-behaved clients on the same core must not be late because of it. Prints {"flooding": N} when all have
// begun or were refused, and {"units", "sent_bytes", "received_bytes", "opened", "closed", "refused"} at the
// end. The token comes from the environment, CARILLON_TOKEN.
#include <sched.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/descriptor_table.h"
#include "common/json_line.h"
#include "flood/flooders.h"
#include "loadgen/client_settings.h"
#include "loadgen/process.h"

namespace carillon::bench {
namespace {

constexpr int kTurn_ms = 20;

struct Arguments {
  std::string kind;
  std::uint16_t port = 0;
  std::string path = "/ws";
  std::string token;
  std::uint32_t clients = 300;
  int core = -1;
};

void give_way() {
  const sched_param none{};
  ::sched_setscheduler(0, SCHED_IDLE, &none);
}

std::string upgrade_of(const Arguments& arguments) {
  loadgen::ClientSettings settings;
  settings.host_header = "127.0.0.1";
  settings.target = loadgen::ClientTemplate(arguments.path);
  settings.token_of = [&](std::uint32_t) { return arguments.token; };
  return loadgen::request_of(settings, 0);
}

void report_begun(const Flooders& flooders) {
  std::string line;
  json::ObjectWriter object(line);
  object.member("flooding", flooders.counters().opened);
  object.close();
  print_line(line);
}

void report(const Flooders& flooders) {
  const Flooders::Counters& counters = flooders.counters();
  std::string line;
  json::ObjectWriter object(line);
  object.member("units", flooders.units_sent()).member("sent_bytes", counters.sent_bytes);
  object.member("received_bytes", counters.received_bytes).member("opened", counters.opened);
  object.member("closed", counters.closed).member("refused", counters.refused);
  object.close();
  print_line(line);
}

int run(const Arguments& arguments) {
  const auto kind = flood_kind_of(arguments.kind);
  if (!kind) {
    std::fprintf(stderr, "flooder: there is no flood of this kind: %s\n", arguments.kind.c_str());
    return 2;
  }
  raise_descriptor_limit();
  if (arguments.core >= 0) loadgen::pin_to_core(arguments.core);
  give_way();
  Flooders flooders(*kind, arguments.port, upgrade_of(arguments), arguments.clients);
  flooders.watch(STDIN_FILENO);
  bool reported = false;
  while (!flooders.turn(kTurn_ms)) {
    if (reported || !flooders.all_begun()) continue;
    reported = true;
    report_begun(flooders);
  }
  report(flooders);
  return 0;
}

}  // namespace
}  // namespace carillon::bench

int main(int argc, char** argv) {
  carillon::bench::Arguments arguments;
  CLI::App app("Floods a gateway until stdin ends. The token comes from $CARILLON_TOKEN.");
  app.add_option("--kind", arguments.kind,
                 "pings, pongs, empty-text, big-text, subscriptions, fragments, requests or client-hellos")
      ->required();
  app.add_option("--port", arguments.port)->required();
  app.add_option("--path", arguments.path, "of the upgrade")->capture_default_str();
  app.add_option("--clients", arguments.clients)->check(CLI::Range(1, 20'000))->capture_default_str();
  app.add_option("--core", arguments.core, "stay on this core");
  CLI11_PARSE(app, argc, argv);
  if (const char* token = std::getenv("CARILLON_TOKEN")) arguments.token = token;
  return carillon::bench::run(arguments);
}

// burst_readers: clients that receive a burst of events, and report when each has received all of it.
//
// Prints {"connected"} when all clients are open. Then reads the number of events that each of them should
// receive from stdin, and prints {"fewest", "received", "complete", "closed", "first_ns", "last_ns",
// "first_close"} when they have (burst/readers.h). The token comes from the environment, CARILLON_TOKEN.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/descriptor_table.h"
#include "burst/readers.h"
#include "common/json_line.h"
#include "loadgen/process.h"

namespace carillon::bench {
namespace {

constexpr double kBytesAMegabit = 1e6 / 8;

struct Arguments {
  std::uint16_t port = 0;
  std::string path = "/ws";
  std::string token;
  std::uint32_t clients = 100;
  double mbit_per_s = 0;
  int receive_buffer_bytes = 0;
  int core = -1;
};

std::string line_of(const Readers::Outcome& outcome) {
  std::string line;
  json::ObjectWriter object(line);
  object.member("fewest", outcome.fewest).member("received", outcome.received);
  object.member("complete", outcome.complete).member("closed", outcome.closed);
  object.member("first_ns", outcome.first_ns).member("last_ns", outcome.last_ns);
  object.member("first_close", outcome.first_close);
  object.close();
  return line;
}

int fail(const std::string& why) {
  std::fprintf(stderr, "burst_readers: %s\n", why.c_str());
  return 1;
}

int run(const Arguments& arguments) {
  raise_descriptor_limit();
  if (arguments.core >= 0) loadgen::pin_to_core(arguments.core);
  const auto address = loadgen::resolve("127.0.0.1", arguments.port);
  if (!address) return fail(address.error().message);
  loadgen::ClientSettings settings;
  settings.address = *address;
  settings.host_header = "127.0.0.1";
  settings.target = loadgen::ClientTemplate(arguments.path);
  settings.sources = 8;
  settings.token_of = [&](std::uint32_t) { return arguments.token; };
  Readers readers(settings, {arguments.mbit_per_s * kBytesAMegabit, arguments.receive_buffer_bytes});
  if (auto connected = readers.connect(arguments.clients); !connected) return fail(connected.error().message);
  std::string line;
  json::ObjectWriter object(line);
  object.member("connected", arguments.clients);
  object.close();
  print_line(line);
  std::uint64_t events = 0;
  if (!(std::cin >> events)) return fail("stdin names no number of events");
  print_line(line_of(readers.await(events)));
  return 0;
}

}  // namespace
}  // namespace carillon::bench

int main(int argc, char** argv) {
  carillon::bench::Arguments arguments;
  CLI::App app("Receives a burst of events at many clients. The token comes from $CARILLON_TOKEN.");
  app.add_option("--port", arguments.port)->required();
  app.add_option("--path", arguments.path)->capture_default_str();
  app.add_option("--clients", arguments.clients)->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--mbit-per-s", arguments.mbit_per_s, "each client reads so fast; 0: as fast as it can");
  app.add_option("--receive-buffer", arguments.receive_buffer_bytes,
                 "SO_RCVBUF in bytes; 0: the kernel's default");
  app.add_option("--core", arguments.core, "stay on this core");
  CLI11_PARSE(app, argc, argv);
  if (const char* token = std::getenv("CARILLON_TOKEN")) arguments.token = token;
  return carillon::bench::run(arguments);
}

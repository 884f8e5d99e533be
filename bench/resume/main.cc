// resumers: clients that are cut off and resume (resume/resumers.h). Reads commands from stdin and answers
// each with a line of JSON:
//
//   connect LAST   connect and subscribe, with positions where there are any, until each client has every
//                  event up to number LAST; with 0 until it is subscribed
//   await LAST     until each client has every event up to number LAST
//   cut            reset all connections
//
// The token comes from the environment, CARILLON_TOKEN; empty: none.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "base/descriptor_table.h"
#include "common/json_line.h"
#include "loadgen/process.h"
#include "resume/resumers.h"

namespace carillon::bench {
namespace {

struct Arguments {
  std::uint16_t port = 0;
  std::string path;
  std::string protocol;
  Resumers::Crowd crowd{10'000, 100, 1000};
  int core = -1;
};

std::string line_of(const Resumers::Outcome& outcome) {
  std::string line;
  json::ObjectWriter object(line);
  object.member("complete", outcome.complete).member("subscribed", outcome.subscribed);
  object.member("recovered", outcome.recovered).member("refused", outcome.refused);
  object.member("closed", outcome.closed).member("out_of_order", outcome.out_of_order);
  object.member("bytes", outcome.bytes).member("begin_ns", outcome.begin_ns);
  object.member("first_ns", outcome.first_ns).member("last_ns", outcome.last_ns);
  object.member("cpu_ns", outcome.cpu_ns);
  object.close();
  return line;
}

int fail(const std::string& why) {
  std::fprintf(stderr, "resumers: %s\n", why.c_str());
  return 1;
}

int handle_commands(Resumers& resumers) {
  std::string verb;
  while (std::cin >> verb) {
    std::uint64_t last = 0;
    if (verb == "cut") {
      resumers.cut();
      print_line(line_of({}));
    } else if ((verb == "connect" || verb == "await") && std::cin >> last) {
      print_line(line_of(verb == "connect" ? resumers.connect(last) : resumers.await(last)));
    } else {
      return fail("no such command: " + verb);
    }
  }
  return 0;
}

int run(const Arguments& arguments) {
  raise_descriptor_limit();
  if (arguments.core >= 0) loadgen::pin_to_core(arguments.core);
  const auto address = loadgen::resolve("127.0.0.1", arguments.port);
  if (!address) return fail(address.error().message);
  const auto protocol = Protocol::named(arguments.protocol);
  if (!protocol) return fail("no such protocol: " + arguments.protocol);
  loadgen::ClientSettings settings;
  settings.address = *address;
  settings.host_header = "127.0.0.1";
  settings.target = loadgen::ClientTemplate(arguments.path);
  settings.sources = 8;
  if (const char* token = std::getenv("CARILLON_TOKEN"); token && *token != '\0')
    settings.token_of = [text = std::string(token)](std::uint32_t) { return text; };
  Resumers resumers(settings, *protocol, arguments.crowd);
  return handle_commands(resumers);
}

}  // namespace
}  // namespace carillon::bench

int main(int argc, char** argv) {
  carillon::bench::Arguments arguments;
  CLI::App app("Clients that are cut off and resume. The token comes from $CARILLON_TOKEN.");
  app.add_option("--port", arguments.port)->required();
  app.add_option("--path", arguments.path)->required();
  app.add_option("--protocol", arguments.protocol, "carillon or centrifugo")->required();
  app.add_option("--clients", arguments.crowd.clients)->check(CLI::Range(1, 100'000))->capture_default_str();
  app.add_option("--channels", arguments.crowd.channels)
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--connecting", arguments.crowd.connecting_max, "so many connections are opened at a time")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--core", arguments.core, "stay on this core");
  CLI11_PARSE(app, argc, argv);
  return carillon::bench::run(arguments);
}

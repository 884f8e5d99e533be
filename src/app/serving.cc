#include "app/serving.h"

#include <openssl/rand.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

#include "app/json_log.h"
#include "app/signals.h"
#include "base/descriptor_table.h"
#include "server/api.h"

namespace carillon::app {
namespace {

constexpr int kExitInterrupted = 130;

std::string addresses_of(const gateway::Gateway& gateway) {
  std::string all;
  for (const reactor::SocketAddress& address : gateway.listening_on()) {
    if (!all.empty()) all += ',';
    all += address.text();
  }
  return all;
}

int complain(const Error& error) {
  std::fprintf(stderr, "carillon: %s\n", error.message.c_str());
  return 1;
}

void log_warnings(const std::vector<config::Problem>& warnings, Log& log) {
  for (const config::Problem& warning : warnings) {
    const std::string origin = warning.origin.text();
    log.warning("configuration", {{"origin", std::string_view(origin)},
                                  {"key", std::string_view(warning.key)},
                                  {"why", std::string_view(warning.message)}});
  }
}

// A limit may be the largest number that there is.
std::int64_t in_all_tables(std::int64_t limit, std::uint32_t tables) {
  std::int64_t all = 0;
  return __builtin_mul_overflow(limit, std::int64_t{tables}, &all) ? limit : all;
}

// What ids are made of. Called from any thread.
bool random_bytes(std::span<std::uint8_t> bytes) {
  return ::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
}

}  // namespace

int serve(config::Settings settings, const Serving& serving) {
  block_signals();
  const std::int64_t descriptors =
      in_all_tables(raise_descriptor_limit(), settings.server.descriptor_tables());
  auto log = JsonLog::create(settings.log);
  if (!log) return complain(log.error());
  const milliseconds drain = settings.server.drain;
  auto api = server::Api::create(settings, random_bytes);
  if (!api) return complain(api.error());
  auto gateway = gateway::Gateway::create(std::move(settings), **api, **log);
  if (!gateway) return complain(gateway.error());
  (*api)->attach(**gateway, mono_now());
  (*api)->count_log_lines([&log] { return (*log)->dropped_lines(); });

  bool draining = false;
  const auto on_signal = [&] {
    if (std::exchange(draining, true)) ::_exit(kExitInterrupted);
    (*log)->info("draining", {{"window_ms", std::int64_t{drain.count()}},
                              {"connections", static_cast<std::int64_t>((*gateway)->connections())}});
    (*gateway)->begin_drain(drain);
  };
  auto signals = Signals::watch((*gateway)->main_loop(), on_signal);
  if (!signals) return complain(signals.error());

  log_warnings(serving.warnings, **log);
  const std::string addresses = addresses_of(**gateway);
  (*log)->info("ready", {{"listen", std::string_view(addresses)},
                         {"version", CARILLON_VERSION},
                         {"shards", static_cast<std::int64_t>((*gateway)->shard_count())},
                         {"bus", (*gateway)->bus_url()},
                         {"descriptors", descriptors},
                         {"pid", std::int64_t{::getpid()}}});
  if (serving.on_ready) serving.on_ready(**gateway);
  if (auto ran = (*gateway)->run(); !ran) return complain(ran.error());
  (*log)->info("stopped");
  return 0;
}

}  // namespace carillon::app

#include "app/serving.h"

#include <malloc.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <span>
#include <string>

#include "api/api.h"
#include "app/json_log.h"
#include "app/signals.h"
#include "base/descriptor_table.h"
#include "base/memory_reserve.h"

namespace carillon::app {
namespace {

constexpr int kExitInterrupted = 130;
constexpr seconds kIgnoredSignalLogEvery{1};
// Reserved for small allocations when the system has no more memory, until the reserve is checked again.
constexpr std::size_t kMemoryReserveBytes = 32 * 1024 * 1024;

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
                                  {"detail", std::string_view(warning.message)}});
  }
}

// A limit may be the largest number that there is.
std::int64_t in_all_tables(std::int64_t limit, std::uint32_t tables) {
  std::int64_t all = 0;
  return __builtin_mul_overflow(limit, std::int64_t{tables}, &all) ? limit : all;
}

// What signals do to a gateway that serves. Loop 0's thread.
class SignalPolicy {
 public:
  SignalPolicy(gateway::Gateway& gateway, Log& log, milliseconds drain, Serving::Hangup hangup)
      : gateway_(gateway), log_(log), drain_(drain), hangup_(hangup) {}

  void on_signal(int signal) {
    const SignalMeaning meaning = meaning_of(signal);
    const bool drains = meaning == SignalMeaning::drain ||
                        (meaning == SignalMeaning::hangup && hangup_ == Serving::Hangup::drains);
    drains ? begin_drain(signal) : ignore(signal);
  }

 private:
  void begin_drain(int signal) {
    if (std::exchange(draining_, true)) ::_exit(kExitInterrupted);
    const auto connections = static_cast<std::int64_t>(gateway_.node().admission().connections());
    const milliseconds window = gateway_.node().begin_drain(drain_);
    const std::string name = name_of_signal(signal);
    log_.info("draining", {{"signal", std::string_view(name)},
                           {"window_ms", std::int64_t{window.count()}},
                           {"connections", connections}});
  }

  // A signal that is sent in a loop leaves one line a second.
  void ignore(int signal) {
    const MonoTime now = mono_now();
    const auto [last, is_first] = logged_at_.try_emplace(signal, now);
    if (!is_first && now - last->second < kIgnoredSignalLogEvery) return;
    last->second = now;
    const std::string name = name_of_signal(signal);
    log_.warning("signal ignored",
                 {{"signal", std::string_view(name)}, {"instead", advice_on_signal(signal)}});
  }

  gateway::Gateway& gateway_;
  Log& log_;
  const milliseconds drain_;
  const Serving::Hangup hangup_;
  bool draining_ = false;
  std::map<int, MonoTime> logged_at_;  // by signal
};

// Left to itself, malloc takes ever larger buffers from its heap, where a small neighbour keeps them resident
// when they are freed. With a fixed threshold the memory of a large message goes back to the system. It is
// well over a block of frames (64 KiB), so that the way of an event costs no system call.
void give_large_memory_back() {
  ::mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
}

// What ids are made of. Called from any thread.
bool random_bytes(std::span<std::uint8_t> bytes) {
  return ::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
}

}  // namespace

int serve(config::Settings settings, const Serving& serving) {
  block_signals();
  give_large_memory_back();
  MemoryReserve reserve(kMemoryReserveBytes);
  const std::int64_t descriptors =
      in_all_tables(raise_descriptor_limit(), settings.server.descriptor_tables());
  auto log = JsonLog::create(settings.log);
  if (!log) return complain(log.error());
  const milliseconds drain = settings.server.drain;
  auto api = api::Api::create(settings, random_bytes);
  if (!api) return complain(api.error());
  auto gateway = gateway::Gateway::create(std::move(settings), **api, **log);
  if (!gateway) return complain(gateway.error());
  (*gateway)->node().set_memory_reserve(reserve);
  (*api)->attach((*gateway)->node(), mono_now());
  (*api)->count_log_lines([&log] { return (*log)->dropped_lines(); });

  SignalPolicy policy(**gateway, **log, drain, serving.hangup);
  auto signals = Signals::watch((*gateway)->main_loop(), [&](int signal) { policy.on_signal(signal); });
  if (!signals) return complain(signals.error());

  log_warnings(serving.warnings, **log);
  const std::string addresses = addresses_of(**gateway);
  (*log)->info("ready", {{"listen", std::string_view(addresses)},
                         {"version", CARILLON_VERSION},
                         {"shards", static_cast<std::int64_t>((*gateway)->node().shard_count())},
                         {"bus", (*gateway)->node().bus_url()},
                         {"descriptors", descriptors},
                         {"pid", std::int64_t{::getpid()}}});
  if (serving.on_ready) serving.on_ready(**gateway);
  if (auto ran = (*gateway)->run(); !ran) return complain(ran.error());
  (*log)->info("stopped");
  return 0;
}

}  // namespace carillon::app

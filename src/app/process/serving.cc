#include "app/process/serving.h"

#include <malloc.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <utility>

#include "api/api.h"
#include "app/process/log_writer.h"
#include "app/process/operations.h"
#include "app/process/service_manager.h"
#include "app/process/signal_policy.h"
#include "app/process/signals.h"
#include "app/process/takeover.h"
#include "base/descriptor_table.h"
#include "base/memory_reserve.h"

namespace carillon::app {
namespace {

// Clients of `carillon dev` are closed together: they are few, and their author waits for them to return.
constexpr gateway::DrainTimes kDrainForANewStart{
    .delay = milliseconds(0), .longest = milliseconds(0), .rate = 1000};
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

// Everything that serves, in the order in which it depends on what is above it.
class Process {
 public:
  explicit Process(Serving serving) : serving_(std::move(serving)) {}

  Result<std::monostate> create(CheckedConfig config);
  Result<std::monostate> run();
  // The configuration that this process is to serve next. Nothing: it ends.
  std::optional<NextStart> take_next() {
    return policy_->is_told_to_stop() ? std::nullopt : std::exchange(next_, std::nullopt);
  }

 private:
  void make_reloader(CheckedConfig config);
  void begin();
  void end_takeover(const Result<std::monostate>& taken);
  Result<std::monostate> open_admin_side();
  void start_anew(CheckedConfig config);
  void make_way(std::vector<gateway::SocketCopy> sockets);
  void write_ready_line();

  Serving serving_;
  MemoryReserve reserve_{kMemoryReserveBytes};
  std::vector<config::Problem> warnings_;
  std::unique_ptr<LogWriter> log_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<gateway::Gateway> gateway_;
  ServiceManager manager_{config::Environment::of_process().variable, ::getpid()};
  std::unique_ptr<Watchdog> watchdog_;
  std::unique_ptr<Reloader> reloader_;  // null: the configuration cannot be reloaded
  std::unique_ptr<SignalPolicy> policy_;
  std::unique_ptr<Operations> operations_;
  std::unique_ptr<Takeover> takeover_;
  std::string failure_;              // of the takeover
  std::shared_ptr<void> companion_;  // of on_ready
  std::optional<NextStart> next_;
};

Result<std::monostate> Process::create(CheckedConfig config) {
  const config::Settings& settings = config.loaded.settings;
  raise_descriptor_limit();
  auto log = LogWriter::create(settings.log);
  if (!log) return tl::unexpected(log.error());
  log_ = std::move(*log);
  auto api = api::Api::create(settings, random_bytes);
  if (!api) return tl::unexpected(api.error());
  api_ = std::move(*api);
  auto inheritance = std::move(serving_.handover ? serving_.handover->inheritance : serving_.inheritance);
  client::HttpHandler& handler = serving_.wrap_api ? serving_.wrap_api(*api_) : *api_;
  auto gateway = gateway::Gateway::create(settings, handler, *log_, std::move(inheritance));
  if (!gateway) return tl::unexpected(gateway.error());
  gateway_ = std::move(*gateway);
  gateway_->node().set_memory_reserve(reserve_);
  api_->attach(gateway_->node(), mono_now());
  api_->count_log_lines([this] { return log_->dropped_lines(); });
  warnings_ = config.loaded.warnings;
  watchdog_ = std::make_unique<Watchdog>(gateway_->node(), manager_);
  make_reloader(std::move(config));
  policy_ = std::make_unique<SignalPolicy>(
      SignalPolicy::Parts{*gateway_, *log_, manager_, serving_.hangup, reloader_.get()});
  operations_ = std::make_unique<Operations>(
      Operations::Parts{*gateway_, *api_, *log_, manager_, *policy_, reloader_.get()});
  return policy_->watch();
}

void Process::make_reloader(CheckedConfig config) {
  if (!serving_.read.anew) return;
  ReloadHooks hooks = serving_.hooks;
  if (serving_.restarts == Serving::Restarts::by_itself) {
    hooks.start_anew = [this](CheckedConfig next) { start_anew(std::move(next)); };
  }
  Reloader::Parts parts{
      *gateway_, *api_,         *log_,
      manager_,  serving_.read, [this](const config::Settings& settings) { operations_->use(settings); },
      hooks};
  reloader_ = std::make_unique<Reloader>(std::move(parts), std::move(config.text), std::move(config.files));
}

// The newest configuration counts, also when it comes during the drain for the one before.
void Process::start_anew(CheckedConfig config) {
  if (policy_->is_told_to_stop()) return;
  const bool has_begun = next_.has_value();
  if (!has_begun) next_.emplace();
  next_->config = std::move(config);
  if (has_begun) return;
  // With a table of descriptors for each shard there are no copies; the addresses are bound again.
  if (gateway_->node().settings().server.descriptor_tables() > 1) return make_way({});
  gateway_->copy_sockets([this](auto sockets) { make_way(std::move(sockets)); });
}

void Process::make_way(std::vector<gateway::SocketCopy> sockets) {
  if (policy_->is_draining()) return;
  const gateway::Node& node = gateway_->node();
  next_->sockets =
      KeptSockets(std::move(sockets), node.settings().server.listen, gateway_->ticket_keys()->keys());
  next_->running = node.settings();
  next_->clients_closed = node.admission().connections();
  policy_->make_way(kDrainForANewStart);
}

void Process::write_ready_line() {
  const std::string addresses = addresses_of(*gateway_);
  const std::uint32_t tables = gateway_->node().settings().server.descriptor_tables();
  log_->info("ready", {{"listen", std::string_view(addresses)},
                       {"version", CARILLON_VERSION},
                       {"shards", static_cast<std::int64_t>(gateway_->node().shard_count())},
                       {"bus", gateway_->node().bus_url()},
                       {"descriptors", in_all_tables(raise_descriptor_limit(), tables)},
                       {"pid", std::int64_t{::getpid()}}});
}

// Once every shard listens.
void Process::begin() {
  log_warnings(warnings_, *log_);
  write_ready_line();
  manager_.report_ready();
  watchdog_->start();
  if (serving_.on_ready) companion_ = serving_.on_ready(*gateway_, reloader_.get());
}

Result<std::monostate> Process::open_admin_side() {
  using Existing = reactor::UnixListener::Existing;
  return operations_->open(takeover_ ? Existing::replace : Existing::refuse);
}

// On loop 0. Once the other process has been told to finish, this one serves, with or without its admin side.
void Process::end_takeover(const Result<std::monostate>& taken) {
  if (!taken) {
    failure_ = taken.error().message;
    gateway_->stop();
    return;
  }
  if (auto opened = open_admin_side(); !opened) {
    log_->error("the control socket and the admin addresses are not served",
                {{"reason", std::string_view(opened.error().message)}});
  }
  begin();
}

Result<std::monostate> Process::run() {
  const auto before_serving = [this]() -> Result<std::monostate> {
    if (!serving_.handover) return open_admin_side();
    manager_.keep_watchdog(serving_.handover->watchdog);
    takeover_ = std::make_unique<Takeover>(*gateway_, *log_, gateway_->node().settings().server.control,
                                           serving_.handover->pid,
                                           [this](const auto& taken) { end_takeover(taken); });
    takeover_->start();
    return std::monostate{};
  };
  auto ran = gateway_->run(before_serving, [this] {
    if (!serving_.handover) begin();  // after a takeover: end_takeover()
  });
  companion_.reset();
  takeover_.reset();
  operations_.reset();
  if (!failure_.empty()) return failure(failure_);
  if (ran) log_->info("stopped");
  return ran;
}

}  // namespace

Served serve_once(CheckedConfig config, Serving serving) {
  block_signals();
  give_large_memory_back();
  Process process(std::move(serving));
  if (auto created = process.create(std::move(config)); !created) return {created.error().message, {}};
  if (auto ran = process.run(); !ran) return {ran.error().message, {}};
  return {{}, process.take_next()};
}

int serve(CheckedConfig config, Serving serving) {
  const Served served = serve_once(std::move(config), std::move(serving));
  if (served.failure.empty()) return 0;
  std::fprintf(stderr, "carillon: %s\n", served.failure.c_str());
  return 1;
}

}  // namespace carillon::app

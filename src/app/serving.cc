#include "app/serving.h"

#include <malloc.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <span>
#include <string>

#include "api/admin.h"
#include "api/admin_server.h"
#include "api/api.h"
#include "app/json_log.h"
#include "app/reloader.h"
#include "app/service_manager.h"
#include "app/signals.h"
#include "app/takeover.h"
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
  // `reloader`: null where the configuration cannot be reloaded.
  SignalPolicy(gateway::Gateway& gateway, Log& log, ServiceManager& manager, Serving::Hangup hangup,
               Reloader* reloader)
      : gateway_(gateway), log_(log), manager_(manager), hangup_(hangup), reloader_(reloader) {}

  bool is_draining() const { return draining_; }
  // Another process serves now.
  void hand_over() { begin_drain("handover", gateway::DrainKind::handover); }

  void on_signal(int signal) {
    switch (meaning_of(signal)) {
      case SignalMeaning::drain:
        return drain_by(signal);
      case SignalMeaning::hangup:
        if (hangup_ == Serving::Hangup::drains) return drain_by(signal);
        if (reloader_) return reloader_->reload("SIGHUP", gateway::Node::Removed::stay, {});
        return ignore(signal);
      case SignalMeaning::none:
        return ignore(signal);
    }
  }

 private:
  void drain_by(int signal) {
    if (draining_) ::_exit(kExitInterrupted);
    manager_.report_stopping();
    begin_drain(name_of_signal(signal), gateway::DrainKind::shutdown);
  }

  void begin_drain(const std::string& cause, gateway::DrainKind kind) {
    draining_ = true;
    gateway::Node& node = gateway_.node();
    const auto connections = static_cast<std::int64_t>(node.admission().connections());
    const config::ServerSettings& server = node.settings().server;
    const milliseconds window = node.begin_drain(
        {.delay = server.drain_delay, .longest = server.drain, .rate = server.drain_rate}, kind);
    const bool is_delayed = kind == gateway::DrainKind::shutdown;
    log_.info("draining", {{"signal", std::string_view(cause)},
                           {"delay_ms", is_delayed ? std::int64_t{server.drain_delay.count()} : 0},
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
  ServiceManager& manager_;
  const Serving::Hangup hangup_;
  Reloader* const reloader_;
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

// Everything that serves, in the order in which it depends on what is above it.
class Process {
 public:
  explicit Process(Serving serving) : serving_(std::move(serving)) {}

  Result<std::monostate> create(CheckedConfig config);
  Result<std::monostate> run();

 private:
  void make_reloader(CheckedConfig config);
  api::AdminActions admin_actions();
  Result<std::monostate> open_admin_side();
  void begin();
  void end_takeover(const Result<std::monostate>& taken);
  void offer_sockets(const api::AdminServer::Respond& respond);
  api::AdminServer::Answer handover_answer(std::vector<gateway::SocketCopy> copies);
  void hand_over(const api::AdminServer::Respond& respond);
  void write_ready_line();

  Serving serving_;
  MemoryReserve reserve_{kMemoryReserveBytes};
  std::vector<config::Problem> warnings_;
  std::unique_ptr<JsonLog> log_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<gateway::Gateway> gateway_;
  ServiceManager manager_{config::Environment::of_process().variable, ::getpid()};
  std::unique_ptr<Watchdog> watchdog_;
  std::unique_ptr<Reloader> reloader_;  // null: the configuration cannot be reloaded
  std::unique_ptr<api::Admin> admin_;
  std::unique_ptr<api::AdminServer> admin_server_;
  std::unique_ptr<SignalPolicy> policy_;
  std::unique_ptr<Signals> signals_;
  std::unique_ptr<Takeover> takeover_;
  std::string failure_;  // of the takeover
};

Result<std::monostate> Process::create(CheckedConfig config) {
  const config::Settings& settings = config.loaded.settings;
  raise_descriptor_limit();
  auto log = JsonLog::create(settings.log);
  if (!log) return tl::unexpected(log.error());
  log_ = std::move(*log);
  auto api = api::Api::create(settings, random_bytes);
  if (!api) return tl::unexpected(api.error());
  api_ = std::move(*api);
  auto inheritance = std::move(serving_.handover ? serving_.handover->inheritance : serving_.inheritance);
  auto gateway = gateway::Gateway::create(settings, *api_, *log_, std::move(inheritance));
  if (!gateway) return tl::unexpected(gateway.error());
  gateway_ = std::move(*gateway);
  gateway_->node().set_memory_reserve(reserve_);
  api_->attach(gateway_->node(), mono_now());
  api_->count_log_lines([this] { return log_->dropped_lines(); });
  warnings_ = config.loaded.warnings;
  watchdog_ = std::make_unique<Watchdog>(gateway_->node(), manager_);
  make_reloader(std::move(config));
  policy_ = std::make_unique<SignalPolicy>(*gateway_, *log_, manager_, serving_.hangup, reloader_.get());
  auto signals = Signals::watch(gateway_->main_loop(), [this](int signal) { policy_->on_signal(signal); });
  if (!signals) return tl::unexpected(signals.error());
  signals_ = std::move(*signals);
  return std::monostate{};
}

void Process::make_reloader(CheckedConfig config) {
  if (!serving_.config_file.empty()) {
    Reloader::Parts parts{
        *gateway_, *api_, *log_, manager_, serving_.config_file, [this](const config::Settings& settings) {
          if (admin_server_) admin_server_->set_keys(settings.admin.keys);
        }};
    reloader_ = std::make_unique<Reloader>(std::move(parts), std::move(config.text), std::move(config.files));
  }
  admin_ = std::make_unique<api::Admin>(*api_, admin_actions());
}

api::AdminActions Process::admin_actions() {
  api::AdminActions actions;
  actions.reload = [this](gateway::Node::Removed removed, std::function<void(api::ReloadReport)> done) {
    if (reloader_) return reloader_->request("admin request", removed, std::move(done));
    done({{"this process was started without a configuration file"}, {}, {}});
  };
  actions.offer_sockets = [this](const auto& respond) {
    gateway_->main_loop().post_always([this, respond] { offer_sockets(respond); });
  };
  actions.hand_over = [this](const auto& respond) {
    gateway_->main_loop().post_always([this, respond] { hand_over(respond); });
  };
  return actions;
}

void Process::offer_sockets(const api::AdminServer::Respond& respond) {
  const config::Settings& settings = gateway_->node().settings();
  const auto refuse = [&respond](std::string_view why) { respond(http::error_response(409, why)); };
  if (policy_->is_draining()) return refuse("it is shutting down already");
  if (settings.bus.url == "memory:")
    return refuse("events of an in-process bus (memory:) stay in the process");
  gateway_->copy_sockets([this, respond](std::vector<gateway::SocketCopy> copies) {
    respond(handover_answer(std::move(copies)));
  });
}

api::AdminServer::Answer Process::handover_answer(std::vector<gateway::SocketCopy> copies) {
  auto descriptors = std::make_shared<std::vector<reactor::FileDescriptor>>();
  std::vector<client::ListenerOptions> options;
  for (gateway::SocketCopy& copy : copies) {
    if (!copy.socket) return http::error_response(409, "it has no file descriptor left");
    descriptors->push_back(std::move(copy.socket));
    options.push_back(std::move(copy.options));
  }
  http::Response response;
  response.body = handover_message(::getpid(), manager_.watchdog(), options,
                                   gateway_->node().settings().server.listen, gateway_->ticket_keys()->keys());
  api::AdminServer::Answer answer(std::move(response));
  answer.descriptors = std::move(descriptors);
  log_->info("listening sockets were handed to another process");
  return answer;
}

void Process::hand_over(const api::AdminServer::Respond& respond) {
  if (policy_->is_draining()) return respond(http::error_response(409, "it is shutting down already"));
  policy_->hand_over();
  admin_server_->stop_listening();
  http::Response response;
  response.body = R"({"draining":true})";
  respond(std::move(response));
}

Result<std::monostate> Process::open_admin_side() {
  const config::Settings& settings = gateway_->node().settings();
  if (settings.server.control.empty() && settings.admin.listen.empty()) return std::monostate{};
  using Existing = reactor::UnixListener::Existing;
  auto started = api::AdminServer::start(
      settings.server.control, settings.admin, api_->admin_counters(), *log_,
      [this](const auto& request, const auto& respond) { admin_->handle(request, respond); },
      takeover_ ? Existing::replace : Existing::refuse);
  if (!started) return tl::unexpected(started.error());
  admin_server_ = std::move(*started);
  return std::monostate{};
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
  if (serving_.on_ready) serving_.on_ready(*gateway_);
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
    if (!serving_.handover) {
      if (auto opened = open_admin_side(); !opened) return opened;
      begin();
      return std::monostate{};
    }
    manager_.keep_watchdog(serving_.handover->watchdog);
    takeover_ = std::make_unique<Takeover>(*gateway_, *log_, gateway_->node().settings().server.control,
                                           serving_.handover->pid,
                                           [this](const auto& taken) { end_takeover(taken); });
    takeover_->start();
    return std::monostate{};
  };
  auto ran = gateway_->run(before_serving);
  takeover_.reset();
  admin_server_.reset();
  if (!failure_.empty()) return failure(failure_);
  if (ran) log_->info("stopped");
  return ran;
}

}  // namespace

int serve(CheckedConfig config, Serving serving) {
  block_signals();
  give_large_memory_back();
  Process process(std::move(serving));
  if (auto created = process.create(std::move(config)); !created) return complain(created.error());
  if (auto ran = process.run(); !ran) return complain(ran.error());
  return 0;
}

}  // namespace carillon::app

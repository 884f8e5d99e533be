#include "gateway/gateway.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <latch>
#include <random>

#include "base/descriptor_table.h"
#include "base/memory_limit.h"
#include "base/pages.h"
#include "base/soft_allocation.h"
#include "client/tls_contexts.h"

namespace carillon::gateway {
namespace {

constexpr int kBacklog = 4096;
constexpr auto kDrainLook = milliseconds(10);

// Names this process among those on one bus; it only has to be unlike the others.
std::string random_node_id() {
  std::random_device random;
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%08x%08x", random(), random());
  return text.data();
}

std::uint64_t memory_limit_of(const config::ServerSettings& server) {
  return server.memory_limit > 0 ? server.memory_limit : memory_limit_bytes();
}

std::uint64_t backlog_bytes_max(const config::ServerSettings& server) {
  return server.backlog_bytes_max > 0 ? server.backlog_bytes_max : memory_limit_of(server) / 4;
}

std::uint64_t bodies_bytes_max(const config::ServerSettings& server) {
  return server.bodies_bytes_max > 0
             ? server.bodies_bytes_max
             : default_bodies_bytes_max(server.body_bytes_max, memory_limit_of(server));
}

// One a line.
std::string text_of(const std::vector<config::Problem>& problems) {
  std::string all;
  for (const config::Problem& problem : problems) all += (all.empty() ? "" : "\n") + problem.text();
  return all;
}

std::vector<ChannelPattern> patterns_of(const std::vector<Endpoint>& endpoints) {
  std::vector<ChannelPattern> patterns;
  for (const Endpoint& endpoint : endpoints) {
    if (!endpoint.hears_events()) continue;
    for (const auto* list : {&endpoint.source.channels(), &endpoint.source.broadcast()}) {
      for (const ChannelPattern& pattern : *list) {
        const auto same = [&](const ChannelPattern& other) { return other.text() == pattern.text(); };
        if (std::none_of(patterns.begin(), patterns.end(), same)) patterns.push_back(pattern);
      }
    }
  }
  return patterns;
}

constexpr std::string_view kNotAllowed =
    "server.descriptors: \"per_shard\" is not allowed to this process (unshare(2); in a container it takes "
    "CAP_SYS_ADMIN); write \"shared\"";

// Of the calling thread's table, before its first client; `spares` are yet to be opened in it.
std::shared_ptr<reactor::DescriptorBudget> make_budget(std::size_t shard, std::size_t spares) {
  using Budget = reactor::DescriptorBudget;
  return std::make_shared<Budget>(open_descriptors() + spares,
                                  shard == 0 ? Budget::kReservedForTheBus : Budget::kReservedElsewhere);
}

// While the shards' threads begin: who has a table of descriptors of its own, and what is closed in which.
struct Tables {
  explicit Tables(const std::vector<std::unique_ptr<Shard>>& shards)
      : begun(static_cast<std::ptrdiff_t>(shards.size() - 1)), has_own(shards.size()) {
    for (const auto& shard : shards) listeners.push_back(shard->listening_descriptors());
  }

  // On the shard's thread.
  void separate(std::size_t shard) {
    has_own[shard] = unshare_descriptors();
    for (std::size_t other = 0; other < listeners.size() && has_own[shard]; ++other) {
      if (other != shard) close_all(listeners[other]);
    }
  }
  // On loop 0's thread, whose table is the one that there was. False when the shard still shares it.
  bool close_here_too(std::size_t shard) const {
    if (has_own[shard]) close_all(listeners[shard]);
    return has_own[shard];
  }

  std::latch begun;  // each thread has its table, or was refused one
  std::latch go_on{
      1};  // and none serves before all have: what it would accept might be in a later one's table
  bool refused = false;

 private:
  static void close_all(const std::vector<int>& descriptors) {
    for (const int each : descriptors) kernel_edge().close(each);
  }

  std::vector<std::vector<int>> listeners;
  std::vector<std::uint8_t> has_own;  // bytes, for each is written by another thread
};

}  // namespace

Result<std::unique_ptr<Gateway>> Gateway::create(config::Settings settings, HttpHandler& handler, Log& log) {
  try {
    std::unique_ptr<Gateway> gateway(new Gateway(std::move(settings), handler, log));
    if (auto built = gateway->build(); !built) return tl::unexpected(built.error());
    return gateway;
  } catch (const AddressSpaceRefused& refused) {
    return failure(refused.what());
  }
}

Gateway::Gateway(config::Settings settings, HttpHandler& handler, Log& log)
    : settings_(std::move(settings)), handler_(handler), log_(log) {}

Gateway::~Gateway() {
  stop();
  for (std::thread& thread : threads_) thread.join();
}

Result<std::monostate> Gateway::build() {
  CompiledEndpoints compiled = compile_endpoints(settings_);
  if (!compiled.problems.empty()) return failure(text_of(compiled.problems));
  endpoints_ = std::move(compiled.endpoints);
  const config::ServerSettings& server = settings_.server;
  admission_ = std::make_unique<Admission>(server.connections_max, endpoints_, bodies_bytes_max(server));
  const std::uint32_t count = std::max(server.shards, 1U);
  frame_memory_ = std::make_unique<fanout::FrameMemory>(backlog_bytes_max(server), count);
  shared_ = std::make_unique<Shared>(
      Shared{settings_, endpoints_, *admission_, handler_, *this, log_, random_sip_key(), *frame_memory_});

  if (settings_.server.descriptor_tables() > 1 && !can_unshare_descriptors()) {
    return failure(std::string(kNotAllowed));
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    auto loop = reactor::Loop::create();
    if (!loop) return tl::unexpected(loop.error());
    loops_.push_back(std::move(*loop));
  }
  router_ = std::make_unique<Router>(endpoints_, *frame_memory_, *loops_.front(), log_);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto place = i == 0 ? Shard::Place::beside_the_router : Shard::Place::elsewhere;
    auto shard = Shard::create(*shared_, *loops_[i], kernel_edge(), place, i);
    if (!shard) return tl::unexpected(shard.error());
    router_->add_taker(**shard);
    shards_.push_back(std::move(*shard));
  }
  make_memory_watch();
  if (auto made = make_the_bus(); !made) return made;
  return bind_all();
}

void Gateway::make_memory_watch() {
  MemoryWatch::Options options;
  options.read = memory_reader(settings_.server.memory_limit);
  options.shed = [this] {
    // A post that is refused is made again with the next sample, as long as memory is short.
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      loops_[i]->post([shard = shards_[i].get()] { shard->shed_for_memory(); });
    }
  };
  memory_ = std::make_unique<MemoryWatch>(*loops_.front(), *admission_, log_, std::move(options));
}

Result<std::monostate> Gateway::make_the_bus() {
  bus::BusOptions options;
  options.url = settings_.bus.url;
  options.tls_ca_file = settings_.bus.tls_ca_file;
  options.patterns = patterns_of(endpoints_);
  options.node_id = random_node_id();
  options.event_bytes_max = settings_.bus.event_bytes_max;
  options.request_bytes_max = settings_.server.body_bytes_max;
  options.operation_timeout = settings_.bus.operation_timeout;
  options.probe_interval = settings_.bus.probe_interval;
  options.address_check_interval = settings_.bus.address_check_interval;
  options.role =
      settings_.bus.role == config::BrokerRole::master ? bus::BrokerRole::master : bus::BrokerRole::any;
  options.backoff_min = settings_.bus.backoff_min;
  options.backoff_max = settings_.bus.backoff_max;
  auto bus = bus::make_bus(std::move(options), *loops_.front(), *router_, log_);
  if (!bus) return failure(settings_.bus.origin.text() + ": bus.url: " + bus.error().message);
  bus_ = std::move(*bus);
  return std::monostate{};
}

// Every shard listens on every address; the kernel spreads new connections over them (SO_REUSEPORT).
Result<std::monostate> Gateway::bind_all() {
  const TlsContexts contexts = make_tls_contexts(settings_.server.listen, loops_.front()->wall_now());
  if (!contexts.problems.empty()) return failure(text_of(contexts.problems));
  for (std::size_t i = 0; i < settings_.server.listen.size(); ++i) {
    const config::ListenSettings& listen = settings_.server.listen[i];
    const reactor::SocketAddress wanted{listen.host, listen.port};
    if (auto bound = bind(wanted, {listen.proxy_protocol, contexts.by_listen[i]}); !bound) {
      const bool is_v6 = listen.host.find(':') != std::string::npos;
      // A machine without IPv6 is a warning, as long as something else is listened on.
      if (!is_v6 || listening_on_.empty()) {
        return failure(listen.origin.text() + ": server.listen: " + bound.error().message);
      }
      const std::string address = wanted.text();
      log_.warning("not listening", {{"address", std::string_view(address)},
                                     {"reason", std::string_view(bound.error().message)}});
    }
  }
  return std::monostate{};
}

Result<std::monostate> Gateway::bind(reactor::SocketAddress address, const ListenerOptions& options) {
  if (auto free = reactor::check_port_is_free(address); !free) return tl::unexpected(free.error());
  for (const auto& shard : shards_) {
    auto listener = reactor::listen_on(address, kBacklog);
    if (!listener) return tl::unexpected(listener.error());
    // Port 0: the first shard learns which it is, the others take the same.
    if (auto local = reactor::local_address(listener->get())) address = *local;
    if (auto listening = shard->listen(std::move(*listener), options); !listening) return listening;
  }
  listening_on_.push_back(address);
  return std::monostate{};
}

Result<std::monostate> Gateway::run() {
  if (auto started = start_threads(); !started) return started;
  bus_->start();
  memory_->start();
  loops_.front()->run();
  return std::monostate{};
}

// Before the bus has opened anything: a thread's own table of descriptors begins with all that is open, and
// what is then closed in one table is still open in the others. Of what is open now, only the listening
// sockets are not meant to live as long as the process; so each table keeps those of its own shard.
Result<std::monostate> Gateway::start_threads() {
  const bool per_shard = settings_.server.descriptor_tables() > 1;
  // Shared, for a thread may still be inside count_down() when wait() returns.
  const auto tables = std::make_shared<Tables>(shards_);
  const auto common = per_shard ? nullptr : make_budget(0, shards_.size());
  for (std::size_t i = 1; i < loops_.size(); ++i) {
    threads_.emplace_back([this, per_shard, tables, common, i] {
      ::pthread_setname_np(::pthread_self(), ("shard-" + std::to_string(i)).c_str());
      if (per_shard) tables->separate(i);
      tables->begun.count_down();
      tables->go_on.wait();
      if (tables->refused) return;
      shards_[i]->begin_serving(per_shard ? make_budget(i, 1) : common);
      loops_[i]->run();
      shards_[i]->close_sockets();
    });
  }
  tables->begun.wait();
  for (std::size_t i = 1; i < loops_.size() && per_shard; ++i) {
    if (!tables->close_here_too(i)) tables->refused = true;
  }
  tables->go_on.count_down();
  if (tables->refused) return failure(std::string(kNotAllowed));
  shards_.front()->begin_serving(per_shard ? make_budget(0, 1) : common);
  return std::monostate{};
}

bool Gateway::carries(std::string_view channel) const {
  return std::any_of(endpoints_.begin(), endpoints_.end(), [channel](const Endpoint& endpoint) {
    return endpoint.hears_events() && endpoint.source.match(channel).has_value();
  });
}

void Gateway::stop() {
  for (const auto& loop : loops_) loop->stop();
}

bool Gateway::on_bus(std::function<void(bus::Bus&)> use) {
  return loops_.front()->post([this, use = std::move(use)] { use(*bus_); });
}

bool Gateway::publish(std::string channel, std::string body, std::function<void(bus::PublishResult)> done) {
  return on_bus(
      [channel = std::move(channel), body = std::move(body), done = std::move(done)](bus::Bus& bus) {
        const auto publish = [&] { bus.publish(channel, body, done); };
        if (!try_allocate(body.size(), publish)) done(bus::PublishResult::unavailable);
      });
}

milliseconds Gateway::begin_drain(milliseconds longest) {
  admission_->begin_drain();
  const auto window = drain_window(longest, connections(), settings_.server.drain_rate);
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    loops_[i]->post_always([shard = shards_[i].get(), window] { shard->begin_drain(window); });
  }
  look_whether_drained(DrainEnd(loops_.front()->now(), window, longest));
  return window;
}

// The last client is gone: what was accepted is finished, and nothing new begins. Where a post is refused the
// next look tries again.
void Gateway::refuse_connections() {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    loops_[i]->post([shard = shards_[i].get()] { shard->stop_listening(); });
  }
}

void Gateway::look_whether_drained(DrainEnd end) {
  loops_.front()->call_after(kDrainLook, [this, end] {
    std::uint64_t clients = 0;
    std::uint64_t requests = 0;
    for (const auto& shard : shards_) {
      clients += shard->drain().websockets_left();
      requests += shard->drain().requests_left();
    }
    if (end.is_over(loops_.front()->now(), clients, requests)) {
      stop();
      return;
    }
    if (clients == 0) refuse_connections();
    look_whether_drained(end);
  });
}

}  // namespace carillon::gateway

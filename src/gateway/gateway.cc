#include "gateway/gateway.h"

#include <pthread.h>

#include <latch>

#include "base/descriptor_table.h"
#include "client/tls_contexts.h"
#include "gateway/run_loop.h"

namespace carillon::gateway {

using namespace client;
using namespace protocol;
namespace {

constexpr int kBacklog = 4096;

constexpr std::string_view kNotAllowed =
    "server.descriptors: \"per_shard\" is not allowed to this process (unshare(2); in a container it takes "
    "CAP_SYS_ADMIN); write \"shared\"";

// Returns the budget of the calling thread's table, before its first client; `spares` will be opened in it
// later.
std::shared_ptr<reactor::DescriptorBudget> make_budget(std::size_t shard, std::size_t spares) {
  using Budget = reactor::DescriptorBudget;
  return std::make_shared<Budget>(open_descriptors() + spares,
                                  shard == 0 ? Budget::kReservedForTheBus : Budget::kReservedElsewhere);
}

// Used while the shards' threads start: which of them have a descriptor table of their own, and what each
// closes.
struct Tables {
  explicit Tables(Node& node)
      : begun(static_cast<std::ptrdiff_t>(node.shard_count() - 1)), has_own(node.shard_count()) {
    for (std::size_t i = 0; i < node.shard_count(); ++i) {
      listeners.push_back(node.shard(i).acceptor().listening_descriptors());
    }
  }

  // Call on the shard's thread.
  void separate(std::size_t shard) {
    has_own[shard] = unshare_descriptors();
    for (std::size_t other = 0; other < listeners.size() && has_own[shard]; ++other) {
      if (other != shard) close_all(listeners[other]);
    }
  }
  // Call on loop 0's thread, which keeps the original table. Returns false when the shard still shares it.
  bool close_here_too(std::size_t shard) const {
    if (has_own[shard]) close_all(listeners[shard]);
    return has_own[shard];
  }

  std::latch begun;     // every thread has its table, or was refused one
  std::latch go_on{1};  // no thread serves before all have: a later table would include what it accepts
  bool refused = false;

 private:
  static void close_all(const std::vector<int>& descriptors) {
    for (const int each : descriptors) kernel_sockets().close(each);
  }

  std::vector<std::vector<int>> listeners;
  std::vector<std::uint8_t> has_own;  // bytes, because each is written by another thread
};

}  // namespace

Result<std::unique_ptr<Gateway>> Gateway::create(config::Settings settings, HttpHandler& handler, Log& log) {
  if (settings.server.descriptor_tables() > 1 && !can_unshare_descriptors()) {
    return failure(std::string(kNotAllowed));
  }
  const World world = kernel_world(settings);
  auto node = Node::create(std::move(settings), world, handler, log);
  if (!node) return tl::unexpected(node.error());
  std::unique_ptr<Gateway> gateway(new Gateway(std::move(*node), log));
  if (auto bound = gateway->bind_all(); !bound) return tl::unexpected(bound.error());
  return gateway;
}

Gateway::~Gateway() {
  stop();
  for (std::thread& thread : threads_) thread.join();
}

// Every shard listens on every address; the kernel spreads new connections over them (SO_REUSEPORT).
Result<std::monostate> Gateway::bind_all() {
  const std::vector<config::ListenSettings>& all = node_->settings().server.listen;
  const TlsContexts contexts = make_tls_contexts(all, main_loop().wall_now(), ticket_keys_);
  if (!contexts.problems.empty()) return failure(text_of(contexts.problems));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const config::ListenSettings& listen = all[i];
    const reactor::SocketAddress wanted{listen.host, listen.port};
    if (auto bound = bind(wanted, {listen.proxy_protocol, contexts.by_listen[i], i}); !bound) {
      const bool is_v6 = listen.host.find(':') != std::string::npos;
      // On a machine without IPv6 this is only a warning, as long as another address can be bound.
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
  for (std::size_t i = 0; i < node_->shard_count(); ++i) {
    auto listener = reactor::listen_on(address, kBacklog);
    if (!listener) return tl::unexpected(listener.error());
    // With port 0 the first shard gets a port, and the others bind the same one.
    if (auto local = reactor::local_address(listener->get())) address = *local;
    if (auto listening = node_->shard(i).acceptor().listen(std::move(*listener), options); !listening)
      return listening;
  }
  listening_on_.push_back(address);
  return std::monostate{};
}

Result<std::monostate> Gateway::run(const std::function<Result<std::monostate>()>& before_serving) {
  if (auto started = start_threads(); !started) return started;
  if (before_serving) {
    if (auto opened = before_serving(); !opened) return opened;
  }
  node_->start();
  run_loop(main_loop());
  return std::monostate{};
}

// Runs before the bus opens anything: a thread's own descriptor table begins with everything that is open,
// and closing a descriptor in one table leaves it open in the others. Of what is open now, only the listening
// sockets do not live as long as the process; each table keeps those of its own shard.
Result<std::monostate> Gateway::start_threads() {
  const std::size_t count = node_->shard_count();
  const bool per_shard = node_->settings().server.descriptor_tables() > 1;
  // Shared, because a thread may still be inside count_down() when wait() returns.
  const auto tables = std::make_shared<Tables>(*node_);
  const auto common = per_shard ? nullptr : make_budget(0, count);
  for (std::size_t i = 1; i < count; ++i) {
    threads_.emplace_back([this, per_shard, tables, common, i] {
      ::pthread_setname_np(::pthread_self(), ("shard-" + std::to_string(i)).c_str());
      if (per_shard) tables->separate(i);
      tables->begun.count_down();
      tables->go_on.wait();
      if (tables->refused) return;
      node_->shard(i).acceptor().begin_serving(per_shard ? make_budget(i, 1) : common);
      run_loop(node_->loop(i));
      node_->shard(i).close_sockets();
    });
  }
  tables->begun.wait();
  for (std::size_t i = 1; i < count && per_shard; ++i) {
    if (!tables->close_here_too(i)) tables->refused = true;
  }
  tables->go_on.count_down();
  if (tables->refused) return failure(std::string(kNotAllowed));
  node_->shard(0).acceptor().begin_serving(per_shard ? make_budget(0, 1) : common);
  return std::monostate{};
}

}  // namespace carillon::gateway

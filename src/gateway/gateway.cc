#include "gateway/gateway.h"

#include <fcntl.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <tuple>

#include "base/descriptor_table.h"
#include "gateway/listening.h"
#include "gateway/run_loop.h"

namespace carillon::gateway {

using namespace client;
using namespace protocol;
namespace {

constexpr std::chrono::minutes kTicketKeysChecked{10};  // for their age

constexpr std::string_view kNotAllowed =
    "server.descriptors: \"per_shard\" is not allowed to this process (unshare(2); in a container it takes "
    "CAP_SYS_ADMIN); write \"shared\"";

// What loop 0's table needs besides clients. The admin side is opened after the budget has been made.
std::uint64_t reserved_on_loop_0(const config::Settings& settings) {
  using Budget = reactor::DescriptorBudget;
  const std::uint64_t sockets = settings.admin.listen.size() + (settings.server.control.empty() ? 0 : 1);
  return Budget::kReservedForTheBus + (sockets == 0 ? 0 : sockets + Budget::kReservedForTheAdminSide);
}

// Returns the budget of a table that has `open` descriptors before its first client.
std::shared_ptr<reactor::DescriptorBudget> make_budget(const config::Settings& settings, std::size_t shard,
                                                       std::uint64_t open) {
  using Budget = reactor::DescriptorBudget;
  return std::make_shared<Budget>(open,
                                  shard == 0 ? reserved_on_loop_0(settings) : Budget::kReservedElsewhere);
}

// Used while the shards' threads start: which of them have a descriptor table of their own, and what each
// closes.
struct Tables {
  // `listening`: has the sockets that the shards do not listen on yet; null: none.
  Tables(Node& node, const Listening* listening)
      : begun(static_cast<std::ptrdiff_t>(node.shard_count() - 1)), has_own(node.shard_count()) {
    for (std::size_t i = 0; i < node.shard_count(); ++i) {
      std::vector<int>& own =
          listeners.emplace_back(listening ? listening->sockets_of(i) : std::vector<int>());
      for (const Listener& each : node.shard(i).acceptor().listeners().all()) {
        own.push_back(each.socket.get());
      }
    }
  }

  // Call on the shard's thread. Returns how many descriptors its table has then: they are counted before any
  // is closed, because open_descriptors() only sees the lowest one that is free.
  std::uint64_t separate(std::size_t shard) {
    has_own[shard] = unshare_descriptors();
    std::uint64_t open = open_descriptors();
    for (std::size_t other = 0; other < listeners.size() && has_own[shard]; ++other) {
      if (other == shard) continue;
      for (const int each : listeners[other]) kernel_sockets().close(each);
      open -= listeners[other].size();
    }
    return open;
  }
  // Whether every shard but the first, whose thread keeps the original table, has one of its own.
  bool all_have_own() const {
    return std::all_of(has_own.begin() + 1, has_own.end(), [](std::uint8_t own) { return own != 0; });
  }

  std::latch begun;     // every thread has its table, or was refused one
  std::latch go_on{1};  // no thread serves before all have: a later table would include what it accepts
  bool refused = false;

 private:
  std::vector<std::vector<int>> listeners;
  std::vector<std::uint8_t> has_own;  // bytes, because each is written by another thread
};

void copy(const std::list<Listener>& listeners, std::vector<SocketCopy>& copies) {
  for (const Listener& each : listeners) {
    if (each.options.is_left_over) continue;
    const int fd = ::fcntl(each.socket.get(), F_DUPFD_CLOEXEC, 3);
    copies.push_back({reactor::FileDescriptor(fd), each.options});
  }
}

// Has shard 0 keep the descriptors of the other shards' sockets. Before the other shards' threads serve.
void keep_copies(Node& node) {
  for (std::size_t i = 1; i < node.shard_count(); ++i) {
    for (const Listener& each : node.shard(i).acceptor().listeners().all()) {
      node.shard(0).acceptor().listeners().keep_copy(reactor::FileDescriptor(each.socket.get()),
                                                     each.options);
    }
  }
}

// The shards answer in any order.
void sort_by_position(std::vector<SocketCopy>& copies) {
  std::stable_sort(copies.begin(), copies.end(), [](const SocketCopy& one, const SocketCopy& other) {
    return std::pair(one.options.number, one.options.position) <
           std::pair(other.options.number, other.options.position);
  });
}

}  // namespace

Result<std::unique_ptr<Gateway>> Gateway::create(config::Settings settings, HttpHandler& handler, Log& log,
                                                 Inheritance inheritance) {
  if (settings.server.descriptor_tables() > 1) {
    if (!can_unshare_descriptors()) return failure(std::string(kNotAllowed));
  }
  World world = kernel_world(settings);
  world.inherited_numbers = inheritance.numbers;
  auto node = Node::create(std::move(settings), world, handler, log);
  if (!node) return tl::unexpected(node.error());
  auto tickets =
      std::make_shared<reactor::TicketKeys>((*node)->loop(0).wall_now(), std::move(inheritance.ticket_keys));
  const bool is_takeover = inheritance.from == Inheritance::From::another_process;
  std::unique_ptr<Gateway> gateway(
      new Gateway(std::move(*node), log, std::move(inheritance), std::move(tickets)));
  gateway->listening_ =
      std::make_unique<Listening>(gateway->node(), log, gateway->inheritance_, gateway->ticket_keys());
  if (auto opened = gateway->listening_->open(); !opened) return tl::unexpected(opened.error());
  gateway->listening_on_ = gateway->listening_->addresses();
  if (is_takeover) return gateway;
  const auto begun = gateway->listening_->begin(Listening::Loops::do_not_run);
  if (!begun) return tl::unexpected(begun.error());
  gateway->listening_.reset();
  return gateway;
}

Gateway::Gateway(std::unique_ptr<Node> node, Log& log, Inheritance inheritance,
                 std::shared_ptr<reactor::TicketKeys> ticket_keys)
    : log_(log),
      node_(std::move(node)),
      inheritance_(std::move(inheritance)),
      ticket_keys_(std::move(ticket_keys)) {}

void Gateway::begin_listening(const std::function<void()>& done) {
  std::ignore = listening_->begin(Listening::Loops::run);
  listening_.reset();
  // Behind the functions that listen.
  const auto left = std::make_shared<std::atomic<std::size_t>>(node_->shard_count());
  for (std::size_t i = 0; i < node_->shard_count(); ++i) {
    node_->loop(i).post_always([this, left, done] {
      if (left->fetch_sub(1) == 1) main_loop().post_always(done);
    });
  }
}

Gateway::~Gateway() {
  stop();
  for (std::thread& thread : threads_) thread.join();
}

// Where each shard has a table of its own, shard 0 has copies of all sockets.
void Gateway::copy_sockets(const std::function<void(std::vector<SocketCopy>)>& done) {
  const std::size_t asked = node_->settings().server.descriptor_tables() > 1 ? 1 : node_->shard_count();
  // The shards add to it one after the other: each posts to loop 0.
  struct Collected {
    std::vector<SocketCopy> copies;
    std::size_t missing;
  };
  const auto all = std::make_shared<Collected>(Collected{{}, asked});
  for (std::size_t i = 0; i < asked; ++i) {
    node_->loop(i).post_always([this, i, all, done] {
      if (i == 0 && retirement_) retirement_->hold();
      const Listeners& listeners = node_->shard(i).acceptor().listeners();
      const auto own = std::make_shared<std::vector<SocketCopy>>();
      copy(listeners.all(), *own);
      copy(listeners.copies(), *own);
      main_loop().post_always([all, own, done] {
        for (SocketCopy& copy : *own) all->copies.push_back(std::move(copy));
        if (--all->missing != 0) return;
        sort_by_position(all->copies);
        done(std::move(all->copies));
      });
    });
  }
}

void Gateway::close_left_over() {
  main_loop().post_always([this] { node_->shard(0).acceptor().stop_listening_on_left_over(); });
}

void Gateway::retire_listeners() {
  retirement_ = std::make_unique<ListenerRetirement>(main_loop(), node_->shard(0).acceptor().listeners(),
                                                     node_->shard_count(), log_);
  retirement_->begin();
}

Result<std::monostate> Gateway::run(const std::function<Result<std::monostate>()>& before_serving,
                                    std::function<void()> serving) {
  if (auto started = start_threads(); !started) return started;
  if (before_serving) {
    if (auto opened = before_serving(); !opened) return opened;
  }
  node_->start();
  if (serving) main_loop().call_after(MonoClock::duration::zero(), std::move(serving));
  renew_ticket_keys();
  run_loop(main_loop());
  return std::monostate{};
}

void Gateway::renew_ticket_keys() {
  if (ticket_keys_->renew_if_due(main_loop().wall_now())) {
    log_.info("the keys of TLS session tickets were renewed");
  }
  main_loop().call_after(kTicketKeysChecked, [this] { renew_ticket_keys(); });
}

// Runs before the bus opens anything: a thread's own descriptor table begins with everything that is open,
// and closing a descriptor in one table leaves it open in the others. Of what is open now, only the listening
// sockets do not live as long as the process; each table keeps those of its own shard, and loop 0's all.
Result<std::monostate> Gateway::start_threads() {
  const std::size_t count = node_->shard_count();
  const bool per_shard = node_->settings().server.descriptor_tables() > 1;
  // Shared, because a thread may still be inside count_down() when wait() returns.
  const auto tables = std::make_shared<Tables>(*node_, listening_.get());
  // The shards' spare descriptors will be opened later.
  const auto common = per_shard ? nullptr : make_budget(node_->settings(), 0, open_descriptors() + count);
  for (std::size_t i = 1; i < count; ++i) {
    threads_.emplace_back([this, per_shard, tables, common, i] {
      ::pthread_setname_np(::pthread_self(), ("shard-" + std::to_string(i)).c_str());
      const std::uint64_t open = per_shard ? tables->separate(i) : 0;
      tables->begun.count_down();
      tables->go_on.wait();
      if (tables->refused) return;
      node_->shard(i).acceptor().begin_serving(per_shard ? make_budget(node_->settings(), i, open + 1)
                                                         : common);
      run_loop(node_->loop(i));
      node_->shard(i).close_sockets();
    });
  }
  tables->begun.wait();
  tables->refused = per_shard && !tables->all_have_own();
  if (per_shard && !tables->refused) keep_copies(*node_);
  tables->go_on.count_down();
  if (tables->refused) return failure(std::string(kNotAllowed));
  node_->shard(0).acceptor().begin_serving(
      per_shard ? make_budget(node_->settings(), 0, open_descriptors() + 1) : common);
  return std::monostate{};
}

}  // namespace carillon::gateway

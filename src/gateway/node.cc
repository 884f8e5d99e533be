#include "gateway/node.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <random>

#include "base/memory_limit.h"
#include "base/pages.h"
#include "base/soft_allocation.h"
#include "config/changes.h"
#include "fetch/curl_fetcher.h"

namespace carillon::gateway {

using namespace client;
using namespace protocol;
namespace {

// Names this process among those on one bus; it only has to be unlike the others.
std::string node_id_of(std::uint64_t bits) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(bits));
  return text.data();
}

SipKey sip_key_from(const std::function<std::uint64_t()>& random) {
  const std::uint64_t first = random();
  return {first, random()};
}

std::uint64_t backlog_bytes_max(const config::ServerSettings& server, std::uint64_t memory_limit) {
  return server.backlog_bytes_max > 0 ? server.backlog_bytes_max : memory_limit / 4;
}

std::uint64_t bodies_bytes_max(const config::ServerSettings& server, std::uint64_t memory_limit) {
  return server.bodies_bytes_max > 0 ? server.bodies_bytes_max
                                     : default_bodies_bytes_max(server.body_bytes_max, memory_limit);
}

history::BudgetLimits history_budget(const config::ServerSettings& server, std::uint64_t memory_limit) {
  return {server.history_bytes_max > 0 ? server.history_bytes_max : memory_limit / 8,
          server.history_channels_max};
}

std::vector<ChannelPattern> patterns_of(const EndpointTable& endpoints) {
  std::vector<ChannelPattern> patterns;
  for (const Endpoint& endpoint : endpoints) {
    if (!endpoint.receives_events()) continue;
    for (const auto* list : {&endpoint.source.channels(), &endpoint.source.broadcast()}) {
      for (const ChannelPattern& pattern : *list) {
        const auto same = [&](const ChannelPattern& other) { return other.text() == pattern.text(); };
        if (std::none_of(patterns.begin(), patterns.end(), same)) patterns.push_back(pattern);
      }
    }
  }
  return patterns;
}

// What decides which events have a number.
std::string sources_of(const bus::BusOptions& options) {
  std::string text = std::to_string(options.event_bytes_max);
  for (const ChannelPattern& pattern : options.patterns) text.append("\n").append(pattern.text());
  return text;
}

bus::BusOptions bus_options(const config::BusSettings& settings, const config::ServerSettings& server) {
  bus::BusOptions options;
  options.url = settings.url;
  options.tls_ca_file = settings.tls_ca_file;
  options.event_bytes_max = settings.event_bytes_max;
  options.request_bytes_max = server.body_bytes_max;
  options.operation_timeout = settings.operation_timeout;
  options.probe_interval = settings.probe_interval;
  options.address_check_interval = settings.address_check_interval;
  options.role = settings.role == config::BrokerRole::master ? bus::BrokerRole::master : bus::BrokerRole::any;
  options.backoff_min = settings.backoff_min;
  options.backoff_max = settings.backoff_max;
  return options;
}

}  // namespace

std::string text_of(const std::vector<config::Problem>& problems) {
  std::string all;
  for (const config::Problem& problem : problems) all += (all.empty() ? "" : "\n") + problem.text();
  return all;
}

World kernel_world(const config::Settings& settings) {
  const std::uint64_t limit = settings.server.memory_limit;
  return {.make_loop = [] { return reactor::Loop::create(); },
          .sockets = kernel_sockets(),
          .make_bus = [](bus::BusOptions options, reactor::Loop& loop, bus::EventSink& sink,
                         Log& log) { return bus::make_bus(std::move(options), loop, sink, log); },
          .random =
              [] {
                std::random_device random;
                const std::uint64_t high = random();
                return high << 32 | random();
              },
          .memory_use = memory_reader(limit),
          .memory_limit_bytes = limit > 0 ? limit : memory_limit_bytes(),
          .make_key_set_fetcher = [] { return fetch::make_curl_fetcher(); }};
}

Result<std::unique_ptr<Node>> Node::create(config::Settings settings, const World& world,
                                           HttpHandler& handler, Log& log) {
  try {
    std::unique_ptr<Node> node(new Node(std::move(settings), handler, log));
    if (auto built = node->build(world); !built) return tl::unexpected(built.error());
    return node;
  } catch (const AddressSpaceRefused& refused) {
    return failure(refused.what());
  }
}

Node::Node(config::Settings settings, HttpHandler& handler, Log& log)
    : settings_(std::make_shared<const config::Settings>(std::move(settings))),
      handler_(handler),
      log_(log) {}

Result<std::monostate> Node::build(const World& world) {
  CompiledEndpoints compiled = compile_endpoints(*settings_);
  if (!compiled.problems.empty()) return failure(text_of(compiled.problems));
  endpoints_ = EndpointTable(std::move(compiled.endpoints));
  const config::ServerSettings& server = settings_->server;
  admission_ = std::make_unique<Admission>(server.connections_max, endpoints_,
                                           bodies_bytes_max(server, world.memory_limit_bytes),
                                           sip_key_from(world.random), server.accepts_rate);
  frame_memory_ = std::make_unique<fanout::FrameMemory>(backlog_bytes_max(server, world.memory_limit_bytes),
                                                        std::max(server.shards, 1U));
  key_sets_ = std::make_unique<KeySetUpdater>(world.make_key_set_fetcher, log_, [this] {
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      // Bounded by the fetches, of which each key set has one at a time.
      loops_[i]->post_always([shard = shards_[i].get()] { shard->on_keys_fetched(); });
    }
  });
  if (auto ready = key_sets_->configure(settings_->keys); !ready) return ready;
  shared_ = std::make_unique<Shared>(Shared{
      settings_, endpoints_, *admission_, handler_, *this, log_, sip_key_from(world.random), *frame_memory_,
      key_sets_->store(), world.inherited_numbers ? world.inherited_numbers->epoch : world.random()});
  if (auto made = make_shards(world); !made) return made;
  MemoryWatch::Options options;
  options.read = world.memory_use;
  options.shed = [this] {
    // A post that is refused is made again with the next sample, as long as memory is short.
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      loops_[i]->post([shard = shards_[i].get()] { shard->shed_for_memory(); });
    }
  };
  memory_ = std::make_unique<MemoryWatch>(*loops_.front(), *admission_, log_, std::move(options));
  drain_ =
      std::make_unique<NodeDrain>(NodeDrain::Parts{*admission_, loops_, shards_, log_, [this] { stop(); }});
  return make_the_bus(world);
}

Result<std::monostate> Node::make_shards(const World& world) {
  const std::uint32_t count = std::max(settings_->server.shards, 1U);
  for (std::uint32_t i = 0; i < count; ++i) {
    auto loop = world.make_loop();
    if (!loop) return tl::unexpected(loop.error());
    loops_.push_back(std::move(*loop));
  }
  history_.events = std::make_unique<EventHistory>(
      endpoints_, shared_->epoch, history_budget(settings_->server, world.memory_limit_bytes),
      sip_key_from(world.random));
  router_ = std::make_unique<Router>(endpoints_, *admission_, *frame_memory_, *history_.events,
                                     *loops_.front(), log_);
  history_.desk = std::make_unique<ResumeDesk>(*router_, *history_.events, *loops_.front());
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto place = i == 0 ? Shard::Place::beside_the_router : Shard::Place::elsewhere;
    auto shard = Shard::create(*shared_, *loops_[i], world.sockets, place, i, history_.desk.get());
    if (!shard) return tl::unexpected(shard.error());
    router_->add_taker(**shard);
    shards_.push_back(std::move(*shard));
  }
  return std::monostate{};
}

Result<std::monostate> Node::make_the_bus(const World& world) {
  bus::BusOptions options = bus_options(settings_->bus, settings_->server);
  options.patterns = patterns_of(endpoints_);
  options.node_id = node_id_of(world.random());
  if (world.inherited_numbers) options.followed_markers = world.inherited_numbers->marker_channel;
  history_.gate = std::make_unique<EventGate>(*router_);
  history_.handover = std::make_unique<HistoryHandover>(
      HistoryHandover::Parts{*history_.gate, *router_, *history_.events, *loops_.front(), sources_of(options),
                             options.node_id, world.inherited_numbers});
  auto bus = world.make_bus(std::move(options), *loops_.front(), *history_.gate, log_);
  if (!bus) return failure(settings_->bus.origin.text() + ": bus.url: " + bus.error().message);
  bus_ = std::move(*bus);
  history_.handover->set_bus(*bus_);
  return std::monostate{};
}

void Node::start() {
  bus_->start();
  memory_->start();
  history_.desk->start();
  key_sets_->start(*loops_.front());
}

void Node::stop() {
  for (const auto& loop : loops_) loop->stop();
}

bool Node::carries(std::string_view channel) const {
  for (const Endpoint& endpoint : endpoints_) {
    if (endpoint.is_primary() && endpoint.receives_events() && endpoint.source.match(channel)) return true;
  }
  return false;
}

Result<std::monostate> Node::replace_settings(
    config::Settings settings, std::vector<std::shared_ptr<const reactor::TlsContext>> tls_by_listen,
    Removed removed, std::function<void()> done) {
  CompiledEndpoints compiled = compile_endpoints(settings);
  if (!compiled.problems.empty()) return failure(text_of(compiled.problems));
  if (!EndpointTable::are_the_same(endpoints_.list(), compiled.endpoints)) {
    return failure(
        "the number, names, paths or transports of the endpoints have changed; restart to apply them");
  }
  for (const auto& endpoint : compiled.endpoints) {
    if (auto made = make_authenticator(*endpoint, settings); !made) return tl::unexpected(made.error());
  }
  if (auto ready = key_sets_->configure(settings.keys); !ready) return ready;
  const bool has_other_auth = config::has_other_auth(*settings_, settings);
  settings_ = std::make_shared<const config::Settings>(std::move(settings));
  admission_->on_settings_replaced(settings_->server.connections_max, EndpointTable(compiled.endpoints));
  admission_->accept_rate().set_limit(settings_->server.accepts_rate);
  const auto next = std::make_shared<const NewSettings>(NewSettings{settings_, std::move(compiled.endpoints),
                                                                    std::move(tls_by_listen), has_other_auth,
                                                                    removed == Removed::are_closed});
  const auto left = std::make_shared<std::atomic<std::size_t>>(shards_.size());
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    loops_[i]->post_always([shard = shards_[i].get(), main = loops_.front().get(), next, left, done] {
      shard->use(*next);
      if (left->fetch_sub(1) == 1) main->post_always(done);
    });
  }
  return std::monostate{};
}

bool Node::on_bus(std::function<void(bus::Bus&)> use) {
  return loops_.front()->post([this, use = std::move(use)] { use(*bus_); });
}

// An event that a client publishes waits for loop 0, and meanwhile counts against the request-body budget.
bool Node::publish(std::string channel, std::string body, std::function<void(bus::PublishResult)> done) {
  const auto share = std::make_shared<BodyShare>();
  if (!share->try_hold(admission_->bodies(), body.size())) return false;
  return on_bus(
      [share, channel = std::move(channel), body = std::move(body), done = std::move(done)](bus::Bus& bus) {
        const auto publish = [&] { bus.publish(channel, body, done); };
        if (!try_allocate(body.size(), publish)) done(bus::PublishResult::unavailable);
      });
}

}  // namespace carillon::gateway

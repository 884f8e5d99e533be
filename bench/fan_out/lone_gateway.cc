#include "fan_out/lone_gateway.h"

#include "auth/authenticator.h"
#include "config/load.h"
#include "loadgen/process.h"

namespace carillon::bench {
namespace {

constexpr int kBacklog = 4096;
constexpr std::uint64_t kMemoryBytes = std::uint64_t{16} << 30;  // a quarter of it may be backlog
constexpr std::string_view kSecret = "a secret of a benchmark, 32 bytes and more";
std::string configuration_of(std::string_view endpoints) {
  return R"([server]
listen = ["127.0.0.1:0"]
shards = 1
)" + std::string(endpoints);
}

config::Environment environment_with_secret() {
  return {[](std::string_view name) -> std::optional<std::string> {
            if (name == "CARILLON_JWT_SECRET") return std::string(kSecret);
            return std::nullopt;
          },
          [](std::string_view) -> Result<std::string> { return failure("there are no files here"); }};
}

}  // namespace

std::string endpoint_of(std::string_view profile, std::string_view more) {
  // No ping comes due while it measures: one would be a write, and bytes, that no event has caused.
  return R"([[endpoint]]
keepalive.ping = "1h"
keepalive.timeout = "2h"
profile = ")" +
         std::string(profile) + "\"\n" + std::string(more);
}

WriteResult WatchedEdge::write(int fd, const iovec* pieces, int count) {
  const WriteResult result = kernel_.write(fd, pieces, count);
  ++writes_;
  if (taking_notes_) {
    descriptors_.push_back(fd);
    if (bytes_.empty()) {
      for (int i = 0; i < count; ++i)
        bytes_.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
    }
  }
  if (reached_ && (bytes_left_ -= std::min<std::uint64_t>(bytes_left_, result.written)) == 0) {
    std::exchange(reached_, nullptr)();
  }
  return result;
}

void WatchedEdge::expect(std::uint64_t bytes, std::function<void()> reached) {
  bytes_left_ = bytes;
  reached_ = std::move(reached);
  writes_ = 0;
  descriptors_.clear();
  bytes_.clear();
}

Result<std::unique_ptr<LoneGateway>> LoneGateway::start(int core, std::string_view endpoints) {
  std::unique_ptr<LoneGateway> gateway(new LoneGateway);
  if (auto built = gateway->build(endpoints); !built) return tl::unexpected(built.error());
  if (auto listening = gateway->listen(); !listening) return tl::unexpected(listening.error());
  gateway->thread_ = std::thread([loop = &gateway->loop(), core] {
    if (core >= 0) loadgen::pin_to_core(core);
    loop->run();
  });
  return gateway;
}

LoneGateway::~LoneGateway() {
  if (!thread_.joinable()) return;
  loop().stop();
  thread_.join();
}

Result<std::monostate> LoneGateway::build(std::string_view endpoints) {
  config::Loaded loaded = config::load(configuration_of(endpoints), "bench", environment_with_secret());
  if (!loaded.errors.empty()) return failure(loaded.errors.front().text());
  auto token = auth::mint_hs256(kSecret, R"({"sub":"bench"})");
  if (!token) return tl::unexpected(token.error());
  token_ = std::move(*token);

  gateway::World world{.make_loop = gateway::kernel_world(loaded.settings).make_loop,
                       .sockets = sockets_,
                       .make_bus = bus::make_bus,
                       .random = gateway::kernel_world(loaded.settings).random,
                       .memory_use =
                           [] {
                             return MemoryUse{0, kMemoryBytes};
                           },
                       .memory_limit_bytes = kMemoryBytes};
  auto node = gateway::Node::create(std::move(loaded.settings), world, no_http_, no_log_);
  if (!node) return tl::unexpected(node.error());
  node_ = std::move(*node);
  return std::monostate{};
}

Result<std::monostate> LoneGateway::listen() {
  auto listener = reactor::listen_on({"127.0.0.1", 0}, kBacklog);
  if (!listener) return tl::unexpected(listener.error());
  const auto local = reactor::local_address(listener->get());
  if (!local) return tl::unexpected(local.error());
  port_ = local->port;
  return node_->shard(0).acceptor().listen(std::move(*listener), {});
}

void LoneGateway::on_loop(std::function<void()> use) { loop().post(std::move(use)); }

}  // namespace carillon::bench

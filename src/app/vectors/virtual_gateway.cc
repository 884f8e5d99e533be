#include "app/vectors/virtual_gateway.h"

#include <openssl/rand.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "bus/memory/memory_bus.h"

namespace carillon::app {
namespace {

// More than the work of any one moment takes: what is still busy then is reported by its time.
constexpr std::size_t kTurnsMax = 100'000;
constexpr std::uint64_t kMemoryLimit = std::uint64_t{1} << 30;
// All clients are closed within it, however many there are.
constexpr gateway::DrainTimes kDrain{.delay = milliseconds(0), .longest = seconds(1), .rate = 1000};

bool random_bytes(std::span<std::uint8_t> bytes) {
  return ::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1;
}

std::string text_of(const std::variant<std::string_view, std::int64_t, double, bool>& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* number = std::get_if<double>(&value)) return std::to_string(*number);
  return std::get<bool>(value) ? "true" : "false";
}

std::string reason_of(bus::PublishResult result) {
  switch (result) {
    case bus::PublishResult::accepted:
      return {};
    case bus::PublishResult::refused:
      return "the bus refused the event: its body is over bus.event_bytes_max";
    case bus::PublishResult::unavailable:
    case bus::PublishResult::timed_out:
      break;
  }
  return "the bus did not take the event: too much waits in it";
}

}  // namespace

std::string KeptLog::Line::text() const {
  std::string all = message;
  for (const auto& [key, value] : fields) all.append(" ").append(key).append("=").append(value);
  return all;
}

void KeptLog::write_fields(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  if (lines_.size() >= kLinesMax) {
    has_dropped_ = true;
    return;
  }
  Line line{level, std::string(message), {}};
  for (const LogField& field : fields) line.fields.emplace(field.key, text_of(field.value));
  lines_.push_back(std::move(line));
}

Result<std::unique_ptr<VirtualGateway>> VirtualGateway::create(config::Settings settings) {
  std::unique_ptr<VirtualGateway> made(new VirtualGateway(std::make_unique<VirtualLoop>()));
  settings.server.shards = 1;  // the loop is the only one
  auto api = api::Api::create(settings, random_bytes);
  if (!api) return tl::unexpected(api.error());
  made->api_ = std::move(*api);
  auto node = gateway::Node::create(std::move(settings), made->world(), *made->api_, made->log_);
  if (!node) return tl::unexpected(node.error());
  made->node_ = std::move(*node);
  made->api_->attach(*made->node_, made->now());
  made->node_->start();
  made->settle();
  return made;
}

gateway::World VirtualGateway::world() {
  return {.make_loop = [this]() -> Result<std::unique_ptr<reactor::Loop>> { return std::move(made_); },
          .sockets = sockets_,
          .make_bus = [](bus::BusOptions options, reactor::Loop& loop, bus::EventSink& sink,
                         Log& log) -> Result<std::unique_ptr<bus::Bus>> {
            return std::make_unique<bus::MemoryBus>(std::move(options), loop, sink, log);
          },
          // Not random, so that every run gives the same result. No one else can connect.
          .random = [last = std::uint64_t{0}]() mutable { return last += 0x9e3779b97f4a7c15; },
          .memory_use =
              [] {
                return MemoryUse{0, kMemoryLimit};
              },
          .memory_limit_bytes = kMemoryLimit};
}

int VirtualGateway::connect(const std::string& address) {
  const int fd = sockets_.open(address);
  node_->shard(0).acceptor().adopt(fd, address, {});
  return fd;
}

std::string VirtualGateway::publish(const std::string& channel, const std::string& body) {
  auto result = std::make_shared<std::optional<bus::PublishResult>>();
  node_->on_bus([&](bus::Bus& bus) {
    bus.publish(channel, body, [result](bus::PublishResult how) { *result = how; });
  });
  settle();
  return reason_of(result->value_or(bus::PublishResult::unavailable));
}

void VirtualGateway::begin_drain() {
  if (std::exchange(is_draining_, true)) return;
  node_->begin_drain(kDrain);
}

void VirtualGateway::settle() { loop_->settle(kTurnsMax); }

void VirtualGateway::step_until(MonoTime end) {
  const MonoTime next = std::min(loop_->next_wake(), end);
  loop_->move_to(std::max(next, std::min(now() + milliseconds(1), end)));
  settle();
}

std::optional<std::uint64_t> VirtualGateway::connections(std::string_view endpoint) const {
  std::optional<std::uint64_t> total;
  for (const protocol::Endpoint& each : node_->endpoints()) {
    if (each.settings.name != endpoint) continue;
    total = total.value_or(0) + node_->shard_counters(0).endpoints[each.index].connections.get();
  }
  return total;
}

}  // namespace carillon::app

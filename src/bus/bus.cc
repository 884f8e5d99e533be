#include "bus/bus.h"

#include <sys/random.h>

#include <algorithm>
#include <utility>

#include "bus/memory/memory_bus.h"
#include "bus/redis/redis_bus.h"
#include "bus/url.h"

namespace carillon::bus {
namespace {

constexpr std::size_t kWriteBufferBytesMin = 16 * 1024 * 1024;

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  // A failure leaves it 0: jitter that is not random still spreads, and nonces are no secret.
  [[maybe_unused]] const auto got = ::getrandom(&seed, sizeof seed, GRND_NONBLOCK);
  return seed;
}

Connector connector_to(const BusUrl& url, const BusOptions& options, std::size_t write_buffer_bytes_max,
                       reactor::Loop& loop) {
  return [url, ca_file = options.tls_ca_file, timeout = options.operation_timeout, write_buffer_bytes_max,
          &loop](reactor::ClientStreamHandler& handler) {
    reactor::ClientStreamOptions stream;
    stream.host = url.host;
    stream.port = url.port;
    stream.connect_timeout = timeout;
    stream.write_buffer_bytes_max = write_buffer_bytes_max;
    if (url.scheme == Scheme::rediss) {
      stream.tls = std::make_unique<reactor::ClientTls>(reactor::ClientTls{url.host, ca_file});
    }
    return reactor::ClientStream::connect(loop, std::move(stream), handler);
  };
}

}  // namespace

Result<std::unique_ptr<Bus>> make_bus(BusOptions options, reactor::Loop& loop, EventSink& sink, Log& log) {
  auto url = parse_bus_url(options.url);
  if (!url) return tl::unexpected(url.error());
  options.url.clear();  // it holds the password; `url` keeps that where it is wiped
  if (url->scheme == Scheme::memory) {
    return std::make_unique<MemoryBus>(std::move(options), loop, sink, log);
  }
  RedisBusOptions redis;
  redis.login = {url->user, url->password, url->database};
  redis.display_url = url->display();
  redis.seed = random_seed();
  // One request alone always fits: else a body of a legal size would be answered 503 whenever it comes.
  const std::size_t request = options.request_bytes_max + kWaitingMax * kEventOverheadBytes;
  redis.write_buffer_bytes_max = std::max({kWriteBufferBytesMin, 4 * options.event_bytes_max, request});
  auto address = *url;
  address.password = Secret();
  auto connector = connector_to(address, options, redis.write_buffer_bytes_max, loop);
  redis.bus = std::move(options);
  return std::make_unique<RedisBus>(std::move(redis), std::move(connector), loop, sink, log);
}

}  // namespace carillon::bus

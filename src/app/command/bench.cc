// `carillon bench`: from its arguments to a loadgen::BenchRun.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/command/verbs.h"
#include "app/tokens.h"
#include "base/descriptor_table.h"
#include "base/time.h"
#include "loadgen/bench_run.h"

namespace carillon::app {
namespace {

constexpr int kLost = 1;
constexpr int kUsage = 2;
constexpr std::int64_t kOwnDescriptors =
    64;  // in addition to the clients': logs, epoll, the publisher, threads
// An address has 28,000 ports, of which connect() tries every second one first: a client that must have one
// of the others costs a search of all of those, a millisecond of a core. And some protocols count the clients
// of one.
constexpr std::uint32_t kSourcesMin = 8;
constexpr std::uint32_t kClientsASource = 10'000;
constexpr auto kTellEvery = milliseconds(5000);
constexpr auto kTellEveryOnTerminal = milliseconds(200);

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// On a terminal one line that changes, elsewhere one every 5 s.
class ProgressLine {
 public:
  void report(const std::string& text) {
    const MonoTime now = mono_now();
    if (now < next_) return;
    next_ = now + (terminal_ ? kTellEveryOnTerminal : kTellEvery);
    std::fprintf(stderr, terminal_ ? "\r\033[K%s" : "carillon bench: %s\n", text.c_str());
    if (terminal_) std::fflush(stderr);
  }
  void clear() const {
    if (terminal_) std::fputs("\r\033[K", stderr);
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  MonoTime next_ = mono_now() + kTellEveryOnTerminal;  // a quick run shows no progress
};

using Unit = Result<std::monostate>;

// One token for all, or `users` different ones, minted before anybody connects.
Unit set_tokens(const BenchArguments& arguments, loadgen::ClientSettings& clients) {
  auto tokens = std::make_shared<std::vector<std::string>>();
  const std::string secret = from_environment("CARILLON_JWT_SECRET");
  if (const std::string given = from_environment("CARILLON_TOKEN"); !given.empty()) {
    tokens->push_back(given);
  } else if (!secret.empty()) {
    for (std::uint32_t i = 0; i < std::min(arguments.users, arguments.clients); ++i) {
      std::string number = std::to_string(i);
      TokenRequest wanted;
      wanted.subject = "user" + std::string(12 - number.size(), '0') + number;  // 16 bytes
      auto token = mint_token(secret, wanted, wall_now());
      if (!token) return tl::unexpected(token.error());
      tokens->push_back(*std::move(token));
    }
  }
  if (tokens->empty()) return std::monostate{};
  clients.token_of = [tokens](std::uint32_t client) { return (*tokens)[client % tokens->size()]; };
  clients.token_place = arguments.bearer ? loadgen::TokenPlace::bearer : loadgen::TokenPlace::query;
  clients.token_param = arguments.token_param;
  return std::monostate{};
}

// Text goes as it is, for JSON has escapes of its own; in binary messages "\r\n" and "\\" mean what they do
// in shells.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] != '\\' || (next != 'r' && next != 'n' && next != '\\')) {
      out += text[i];
      continue;
    }
    out += next == 'r' ? '\r' : next == 'n' ? '\n' : '\\';
    ++i;
  }
  return out;
}

Unit set_messages(const BenchArguments& arguments, loadgen::ClientSettings& clients) {
  const auto message = [&](const std::string& text) { return arguments.binary ? unescaped(text) : text; };
  for (const std::string& hello : arguments.hellos) clients.hellos.emplace_back(message(hello));
  for (const std::string& text : arguments.answers) {
    const std::size_t equals = text.find('=');
    const std::string question = message(text.substr(0, equals));
    if (equals == std::string::npos || question.empty() ||
        question.size() > loadgen::FrameCounter::kCollectedBytesMax) {
      return failure("--answer: write QUESTION=ANSWER, the question 1 to 125 bytes");
    }
    clients.answers.push_back({question, message(text.substr(equals + 1))});
  }
  if (arguments.binary) clients.opcode = websocket::Opcode::binary;
  constexpr std::string_view kMarker = "marker:";
  if (arguments.count.starts_with(kMarker)) {
    const std::string marker = arguments.count.substr(kMarker.size());
    if (marker.empty() || marker.size() > loadgen::Marker::kBytesMax) {
      return failure("--count: the marker has 1 to 200 bytes");
    }
    clients.marker.emplace(marker);
  } else if (arguments.count != "frames") {
    return failure("--count: write frames or marker:TEXT");
  }
  if (clients.transport == loadgen::Transport::sse && !clients.marker) {
    return failure("--transport sse counts by a marker: add --count marker:TEXT");
  }
  return std::monostate{};
}

Unit set_clients(const BenchArguments& arguments, loadgen::ClientSettings& clients) {
  const auto url = loadgen::parse_url(arguments.url, "--url");
  if (!url) return tl::unexpected(url.error());
  clients.transport = arguments.transport == "sse" ? loadgen::Transport::sse : loadgen::Transport::websocket;
  if (url->scheme != (arguments.transport == "sse" ? "http" : "ws")) {
    return failure("--url: it must begin with ws:// (or http:// with --transport sse)");
  }
  const auto address = loadgen::resolve(url->host, url->port);
  if (!address) return tl::unexpected(address.error());
  clients.address = *address;
  clients.host_header = url->host_header();
  clients.target = loadgen::ClientTemplate(url->target);
  if (address->is_ipv4_loopback()) {
    clients.sources = arguments.sources.value_or(kSourcesMin + arguments.clients / kClientsASource);
  }
  if (arguments.stall > arguments.clients) return failure("--stall: must not be larger than --clients");
  if (arguments.stall > 0) clients.stall_from = arguments.clients - arguments.stall;
  if (auto tokens = set_tokens(arguments, clients); !tokens) return tokens;
  return set_messages(arguments, clients);
}

Result<std::unique_ptr<loadgen::Publisher>> connect_publisher(const BenchArguments& arguments) {
  if (arguments.publish.empty()) return nullptr;
  if (arguments.channel.empty())
    return failure("--publish: --channel is missing; write the channel to publish to");
  const auto url = loadgen::parse_url(arguments.publish, "--publish");
  if (!url) return tl::unexpected(url.error());
  const auto address = loadgen::resolve(url->host, url->port);
  if (!address) return tl::unexpected(address.error());
  std::unique_ptr<loadgen::PublishProtocol> protocol;
  if (url->scheme == "redis") {
    protocol = std::make_unique<loadgen::RedisProtocol>();
  } else if (url->scheme == "nats") {
    protocol = std::make_unique<loadgen::NatsProtocol>();
  } else if (url->scheme != "http") {
    return failure("--publish: it must begin with http://, redis:// or nats://");
  } else if (!arguments.publish_body.empty()) {
    protocol = std::make_unique<loadgen::PostProtocol>(url->target, url->host_header(),
                                                       arguments.publish_headers, arguments.publish_body);
  } else {
    const std::string key = from_environment("CARILLON_API_KEY");
    if (key.empty()) return failure("--publish: set CARILLON_API_KEY to one of the gateway's api.keys");
    protocol = std::make_unique<loadgen::ApiProtocol>(url->target, url->host_header(), key);
  }
  return loadgen::Publisher::connect(*address, std::move(protocol));
}

std::int64_t threads_enough(std::int64_t clients, std::int64_t descriptors) {
  return clients / std::max<std::int64_t>(descriptors - 2 * kOwnDescriptors, 1) + 1;
}

Result<loadgen::BenchRun::Settings> settings_of(const BenchArguments& arguments) {
  loadgen::BenchRun::Settings settings;
  if (auto clients = set_clients(arguments, settings.clients); !clients)
    return tl::unexpected(clients.error());
  settings.crowd = {arguments.clients, arguments.threads, arguments.core};
  const std::int64_t descriptors = raise_descriptor_limit();
  const std::int64_t needed = arguments.clients / arguments.threads + kOwnDescriptors;
  if (descriptors > 0 && needed > descriptors) {
    return failure("--clients: a process may open " + std::to_string(descriptors) + " files here, and " +
                   std::to_string(needed) +
                   " are needed: raise the hard limit (ulimit -Hn), or add --threads " +
                   std::to_string(threads_enough(arguments.clients, descriptors)));
  }
  settings.channel = loadgen::ClientTemplate(arguments.channel);
  settings.body = loadgen::EventBody(
      arguments.body.empty() ? loadgen::EventBody::kDefault : std::string_view(arguments.body),
      arguments.bytes);
  settings.order =
      arguments.order == "random" ? loadgen::ChannelOrder::random : loadgen::ChannelOrder::round_robin;
  settings.events_per_s = arguments.rate;
  const double in_that_time =
      std::max(1.0, arguments.rate * static_cast<double>(arguments.duration.count()) / 1000);
  settings.events = arguments.events > 0 ? arguments.events : static_cast<std::uint64_t>(in_that_time);
  settings.listening = arguments.duration;
  settings.server_pids.assign(arguments.server_pids.begin(), arguments.server_pids.end());
  return settings;
}

int fail(const std::string& message, int code) {
  std::fprintf(stderr, "carillon bench: %s\n", message.c_str());
  return code;
}

}  // namespace

int run_bench(const BenchArguments& arguments) {
  const auto settings = settings_of(arguments);
  if (!settings) return fail(settings.error().message, kUsage);
  auto publisher = connect_publisher(arguments);
  if (!publisher) return fail(publisher.error().message, kUsage);
  ProgressLine progress;
  loadgen::BenchRun run(*settings, *std::move(publisher),
                        [&](const std::string& text) { progress.report(text); });
  const auto report = run.run();
  progress.clear();
  if (!report) return fail(report.error().message, kLost);
  const std::string text = arguments.json ? json_of(*report) + "\n" : table_of(*report);
  std::fputs(text.c_str(), stdout);
  return report->good() ? 0 : kLost;
}

}  // namespace carillon::app

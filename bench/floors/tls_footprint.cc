// tls_footprint: what an idle TLS session holds, by the file of OpenSSL that asked for it. Sessions shake
// hands with a client in memory, which is gone when they are counted.
//
// Prints {"file", "bytes", "blocks"} for each, the largest first: a session's share, as malloc rounds it up.
#include <malloc.h>
#include <openssl/crypto.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "common/json_line.h"
#include "reactor/testing/tls_memory_client.h"
#include "reactor/tls_server_session.h"

namespace carillon::bench {
namespace {

constexpr std::size_t kMallocHeader = 8;

struct Part {
  std::int64_t bytes = 0;
  std::int64_t blocks = 0;
};

// Every block has its origin in front. Off while the map itself may be asked: OpenSSL is called by one
// thread.
struct alignas(16) Origin {
  const char* file;
};

using Parts = std::map<std::string, Part>;
Parts* counted = nullptr;

void count(const Origin* block, std::int64_t sign) {
  if (!counted || !block->file) return;
  Part& part = (*counted)[block->file];
  const auto whole = malloc_usable_size(const_cast<Origin*>(block)) + kMallocHeader - sizeof(Origin);
  part.bytes += sign * static_cast<std::int64_t>(whole);
  part.blocks += sign;
}

void* take(std::size_t size, const char* file, int) {
  auto* block = static_cast<Origin*>(std::malloc(sizeof(Origin) + size));
  if (!block) return nullptr;
  block->file = file;
  count(block, 1);
  return block + 1;
}

void give_back(void* memory, const char*, int) {
  if (!memory) return;
  Origin* block = static_cast<Origin*>(memory) - 1;
  count(block, -1);
  std::free(block);
}

void* resize(void* memory, std::size_t size, const char* file, int line) {
  if (!memory) return take(size, file, line);
  Origin* block = static_cast<Origin*>(memory) - 1;
  count(block, -1);
  auto* grown = static_cast<Origin*>(std::realloc(block, sizeof(Origin) + size));
  if (!grown) return nullptr;
  count(grown, 1);
  return grown + 1;
}

using Unit = Result<std::monostate>;

Unit shake_hands(reactor::TlsServerSession& session, reactor::TlsWire& wire) {
  reactor::TlsMemoryClient client;
  std::string to_server = client.start();
  std::vector<char> plaintext(reactor::kTlsPlaintextMax);
  for (int turn = 0; turn < 4 && !to_server.empty(); ++turn) {
    wire.incoming = to_server;
    while (session.read(plaintext).state == reactor::TlsRead::State::bytes) {
    }
    wire.incoming = {};
    to_server = client.feed(std::exchange(wire.produced, {}));
  }
  if (!session.is_open()) return failure("a handshake failed");
  return std::monostate{};
}

using Sessions = std::vector<std::unique_ptr<reactor::TlsServerSession>>;

void print(const Parts& parts, std::size_t sessions) {
  std::vector<std::pair<std::string, Part>> sorted(parts.begin(), parts.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  const auto each = [&](std::int64_t all) {
    return to_a_thousandth(static_cast<double>(all) / static_cast<double>(sessions));
  };
  for (const auto& [file, part] : sorted) {
    if (part.bytes == 0) continue;
    std::string line;
    json::ObjectWriter object(line);
    const std::size_t up = file.rfind("../");
    object.member("file", up == std::string::npos ? file : file.substr(up + 3));
    object.member("bytes", each(part.bytes)).member("blocks", each(part.blocks));
    object.close();
    print_line(line);
  }
}

Result<std::monostate> measure(const std::string& certificate, const std::string& key, std::uint32_t number) {
  auto context =
      reactor::TlsContext::for_servers(certificate, key, std::make_shared<reactor::TicketKeys>(wall_now()));
  if (!context) return failure(context.error().message);
  auto wire = reactor::TlsWire::create();
  if (!wire) return tl::unexpected(wire.error());
  Sessions sessions;
  const auto open_one = [&]() -> Unit {
    sessions.push_back(std::make_unique<reactor::TlsServerSession>(**context, **wire));
    return shake_hands(*sessions.back(), **wire);
  };
  if (auto first = open_one(); !first) return tl::unexpected(first.error());  // what is made once is made now
  Parts parts;
  counted = &parts;
  for (std::uint32_t i = 0; i < number; ++i) {
    if (auto opened = open_one(); !opened) return tl::unexpected(opened.error());
  }
  counted = nullptr;
  print(parts, number);
  return std::monostate{};
}

}  // namespace
}  // namespace carillon::bench

int main(int argc, char** argv) {
  using namespace carillon::bench;
  if (CRYPTO_set_mem_functions(&take, &resize, &give_back) != 1) {
    std::fputs("tls_footprint: OpenSSL has asked for memory already\n", stderr);
    return 1;
  }
  std::string certificate;
  std::string key;
  std::uint32_t sessions = 500;
  CLI::App app("What an idle TLS session holds, by the file of OpenSSL that asked for it.");
  app.add_option("--cert", certificate, "PEM text")->envname("TLS_CERT")->required();
  app.add_option("--key", key, "PEM text")->envname("TLS_KEY")->required();
  app.add_option("--sessions", sessions)->check(CLI::Range(1, 10'000))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (const auto measured = measure(certificate, key, sessions); !measured) {
    std::fprintf(stderr, "tls_footprint: %s\n", measured.error().message.c_str());
    return 1;
  }
  return 0;
}

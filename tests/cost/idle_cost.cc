// idle_cost CLIENTS: a shard with CLIENTS connections of the orion protocol that send nothing and receive
// nothing, over socket pairs. Prints the bytes that are taken then: what malloc has given out, and the
// resident pages of arrays beside it. tools/check_cost.py runs it with two numbers of clients; the slope is
// what one costs.
#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "auth/authenticator.h"
#include "base/descriptor_table.h"
#include "config/test_environment.h"
#include "gateway/node.h"
#include "gateway/testing/stub_http_handler.h"

namespace carillon {
namespace {

constexpr int kTurnsMax = 100;
constexpr std::size_t kClientsMax = 10'000;

// Anonymous memory that malloc does not count: each mapping that can be written and is neither heap nor
// stack.
std::size_t bytes_of_mappings() {
  std::ifstream maps("/proc/self/smaps");
  std::size_t sum_kib = 0;
  bool counts = false;
  for (std::string line; std::getline(maps, line);) {
    const bool head = line.find('-') < 17 && line.find(" rw-p ") != std::string::npos;
    if (head || line.find("-p ") < 40) counts = head && line.find_first_of("/[") == std::string::npos;
    std::size_t kib = 0;
    if (counts && std::sscanf(line.c_str(), "Rss: %zu kB", &kib) == 1) sum_kib += kib;
  }
  return sum_kib * 1024;
}

class Stage {
 public:
  Stage() : token_(*auth::mint_hs256(config::kGoodSecret, R"({"sub":"idle"})")) {
    config::Settings settings =
        config::load_in(config::good_world(), "[server]\nshards = 1\n[[endpoint]]\nprofile = \"orion\"\n")
            .settings;
    gateway::World world = gateway::kernel_world(settings);
    node_ = *gateway::Node::create(std::move(settings), world, no_http_, no_log_);
    peers_.reserve(kClientsMax);  // so that they are no part of what is counted
  }

  // False when it was not let in.
  bool connect() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) return false;
    peers_.push_back(ends[1]);
    node_->shard(0).acceptor().adopt(ends[0], "192.0.2.1", {});
    const std::string request =
        "GET /ws?token=" + token_ +
        " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    if (::write(ends[1], request.data(), request.size()) != static_cast<ssize_t>(request.size()))
      return false;
    std::array<char, 1024> answer{};
    for (int turn = 0; turn < kTurnsMax; ++turn) {
      reactor::Loop& loop = node_->loop(0);
      loop.post([&loop] { loop.stop(); });
      loop.run();
      if (::read(ends[1], answer.data(), answer.size()) > 0) {
        return std::string_view(answer.data()).starts_with("HTTP/1.1 101");
      }
    }
    return false;
  }

 private:
  gateway::testing::StubHttpHandler no_http_;
  NullLog no_log_;
  std::unique_ptr<gateway::Node> node_;
  std::string token_;
  std::vector<int> peers_;
};

int measure(int clients) {
  // A growing array is a mapping of its own, of which the pages in use are counted. Otherwise it depends on
  // the free chunks of the heap whether its unused half counts as well.
  ::mallopt(M_MMAP_THRESHOLD, 64 * 1024);
  const std::int64_t files = raise_descriptor_limit();
  Stage stage;
  for (int i = 0; i < clients; ++i) {
    if (!stage.connect()) {
      std::fprintf(stderr, "idle_cost: client %d was not let in; a process may open %lld files here\n", i,
                   static_cast<long long>(files));
      return 1;
    }
  }
  ::malloc_trim(0);
  std::printf("%zu\n", static_cast<std::size_t>(::mallinfo2().uordblks) + bytes_of_mappings());
  return 0;
}

}  // namespace
}  // namespace carillon

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: idle_cost CLIENTS\n");
    return 2;
  }
  const long clients = std::strtol(argv[1], nullptr, 10);
  return carillon::measure(static_cast<int>(std::clamp(clients, 0L, long{carillon::kClientsMax})));
}

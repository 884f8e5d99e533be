// TlsStage: a ShardStage whose clients come in by an address with TLS, and what each of them makes of the
// bytes that it is sent.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/testing/shard_stage.h"
#include "reactor/testing/tls_memory_client.h"
#include "reactor/testing/tls_peer.h"

namespace carillon::gateway::testing {

inline std::shared_ptr<const reactor::TlsContext> test_context() {
  static const reactor::TestCertificate certificate("DNS:gateway.test");
  auto made = reactor::TlsContext::for_servers(certificate.pem(), certificate.key_pem());
  EXPECT_TRUE(made.has_value());
  return *made;
}

class TlsStage : public ShardStage {
 public:
  explicit TlsStage(std::string_view toml = kOrion) : ShardStage(toml) {
    options.tls = test_context();
    // Nobody is ever accepted here: connect() gives the shard its clients.
    EXPECT_TRUE(shard->acceptor().listen(reactor::FileDescriptor(), options).has_value());
  }

  // --- a client's deeds, encrypted ---
  int connect_tls(const reactor::TlsOffer& offer = {}) {
    const int fd = connect();
    clients[fd] = std::make_unique<reactor::TlsMemoryClient>(offer);
    send(fd, client(fd).start());
    shuttle(fd);
    return fd;
  }
  reactor::TlsMemoryClient& client(int fd) { return *clients.at(fd); }
  void say(int fd, std::string_view plaintext) {
    send(fd, client(fd).say(plaintext));
    shuttle(fd);
  }
  // What each has sent comes to the other, until neither has more to say.
  void shuttle(int fd) {
    for (;;) {
      const std::string answer = client(fd).feed(take_received(fd));
      if (answer.empty() || !sockets[fd].is_open()) return;
      send(fd, answer);
    }
  }
  // Plaintext of the server's, so far as it has come.
  std::string take_heard(int fd) {
    shuttle(fd);
    return client(fd).take_received();
  }
  std::vector<std::string> take_heard_frames(int fd) { return frames_of(take_heard(fd)); }

  int open_tls(std::string_view request = {}, const reactor::TlsOffer& offer = {}) {
    const int fd = connect_tls(offer);
    say(fd, request.empty() ? orion_upgrade() : std::string(request));
    EXPECT_EQ(split_answer(take_heard(fd)).head.substr(0, 12), "HTTP/1.1 101");
    return fd;
  }

  std::map<int, std::unique_ptr<reactor::TlsMemoryClient>> clients;
};

// Everybody goes, and nothing of anybody stays.
inline void leave_all(TlsStage& stage) {
  for (const auto& [fd, socket] : stage.sockets.all()) {
    stage.sockets[fd].capacity = FakeSocket::kEndless;
    if (socket.is_open()) stage.end(fd);
  }
  stage.run_for(seconds(10));
  stage.expect_nothing_left();
}

}  // namespace carillon::gateway::testing

// TlsStage: a ShardStage whose clients connect to an address with TLS. It encrypts what they send and
// decrypts what they receive.
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
  auto made = reactor::TlsContext::for_servers(certificate.pem(), certificate.key_pem(),
                                               std::make_shared<reactor::TicketKeys>(wall_now()));
  EXPECT_TRUE(made.has_value());
  return *made;
}

class TlsStage : public ShardStage {
 public:
  explicit TlsStage(std::string_view toml = kOrion) : ShardStage(toml) {
    options.tls = test_context();
    // No connection is accepted from this listener: connect() gives the shard its clients.
    EXPECT_TRUE(shard->acceptor().listen(reactor::FileDescriptor(), options).has_value());
  }

  // --- what a client does, encrypted ---
  int connect_tls(const reactor::TlsOffer& offer = {}) {
    const int fd = connect();
    clients[fd] = std::make_unique<reactor::TlsMemoryClient>(offer);
    send(fd, client(fd).start());
    shuttle(fd);
    return fd;
  }
  reactor::TlsMemoryClient& client(int fd) { return *clients.at(fd); }
  void send_encrypted(int fd, std::string_view plaintext) {
    send(fd, client(fd).encrypt(plaintext));
    shuttle(fd);
  }
  // Exchanges bytes until neither side has more to send.
  void shuttle(int fd) {
    for (;;) {
      const std::string answer = client(fd).feed(take_received(fd));
      if (answer.empty() || !sockets[fd].is_open()) return;
      send(fd, answer);
    }
  }
  // The plaintext that has arrived from the server.
  std::string take_decrypted(int fd) {
    shuttle(fd);
    return client(fd).take_received();
  }
  std::vector<std::string> take_decrypted_frames(int fd) { return frames_of(take_decrypted(fd)); }

  int open_tls(std::string_view request = {}, const reactor::TlsOffer& offer = {}) {
    const int fd = connect_tls(offer);
    send_encrypted(fd, request.empty() ? orion_upgrade() : std::string(request));
    EXPECT_EQ(split_answer(take_decrypted(fd)).head.substr(0, 12), "HTTP/1.1 101");
    return fd;
  }

  std::map<int, std::unique_ptr<reactor::TlsMemoryClient>> clients;
};

// Closes all clients, and checks that no state is left.
inline void close_all(TlsStage& stage) {
  for (const auto& [fd, socket] : stage.sockets.all()) {
    stage.sockets[fd].capacity = FakeSocket::kEndless;
    if (socket.is_open()) stage.end(fd);
  }
  stage.run_for(seconds(10));
  stage.expect_nothing_left();
}

}  // namespace carillon::gateway::testing

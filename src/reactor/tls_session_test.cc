// The TLS codec alone: no socket, so that the peer's bytes can be cut anywhere.
#include "reactor/tls_session.h"

#include <gtest/gtest.h>

#include "reactor/testing/tls_peer.h"

namespace carillon::reactor {
namespace {

// A server over memory: ciphertext in, ciphertext out.
class MemoryServer {
 public:
  explicit MemoryServer(const TestCertificate& certificate)
      : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free), session_(nullptr, &SSL_free) {
    SSL_CTX_use_certificate(context_.get(), certificate.x509());
    SSL_CTX_use_PrivateKey(context_.get(), certificate.key());
    session_.reset(SSL_new(context_.get()));
    SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(session_.get());
  }
  // What it answers.
  std::string feed(std::string_view ciphertext) {
    BIO_write(SSL_get_rbio(session_.get()), ciphertext.data(), static_cast<int>(ciphertext.size()));
    char bytes[4096];
    for (int count = 0; (count = SSL_read(session_.get(), bytes, sizeof bytes)) > 0;) {
      received.append(bytes, static_cast<std::size_t>(count));
    }
    return produced();
  }
  std::string produced() {
    std::string out(256 * 1024, '\0');
    const int count = BIO_read(SSL_get_wbio(session_.get()), out.data(), static_cast<int>(out.size()));
    out.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return out;
  }
  SSL* session() { return session_.get(); }
  std::string received;

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
};

class TlsSessionTest : public ::testing::Test {
 protected:
  TlsSessionTest() : certificate("DNS:broker.test"), file(certificate.pem()), server(certificate) {
    context = *TlsContext::for_clients(file.path());
    client = std::move(*TlsSession::to_server(*context, "broker.test"));
  }
  std::string take_outgoing() {
    std::string taken(outgoing.view());
    outgoing.consume(taken.size());
    return taken;
  }
  void feed_in_pieces(std::string_view bytes, std::size_t piece) {
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      client->feed(bytes.substr(at, piece), outgoing);
      char plaintext[1024];
      while (const std::size_t count = client->read(plaintext, outgoing)) received.append(plaintext, count);
    }
  }
  void shake_hands(std::size_t piece) {
    client->start(outgoing);
    for (int flight = 0; flight < 4; ++flight) feed_in_pieces(server.feed(take_outgoing()), piece);
    ASSERT_EQ(TlsSession::State::open, client->state()) << client->failure_reason();
  }

  const TestCertificate certificate;
  const TestFile file;
  MemoryServer server;
  std::shared_ptr<const TlsContext> context;
  std::unique_ptr<TlsSession> client;
  WriteBuffer outgoing;
  std::string received;
};

TEST_F(TlsSessionTest, WorksByteByByte) {
  shake_hands(1);
  client->write("hello", outgoing);
  server.feed(take_outgoing());
  EXPECT_EQ("hello", server.received);
  SSL_write(server.session(), "world", 5);
  feed_in_pieces(server.produced(), 1);
  EXPECT_EQ("world", received);
  SSL_shutdown(server.session());
  feed_in_pieces(server.produced(), 1);
  EXPECT_EQ(TlsSession::State::ended, client->state());
}

// OpenSSL answers with the next write, however many were asked for: nothing piles up.
TEST_F(TlsSessionTest, AnswersAKeyUpdate_AndStillUnderstands_Rfc8446_4_6_3) {
  shake_hands(4096);
  take_outgoing();
  SSL_key_update(server.session(), SSL_KEY_UPDATE_REQUESTED);
  SSL_write(server.session(), "after", 5);
  feed_in_pieces(server.produced(), 4096);
  EXPECT_EQ("after", received);
  client->write("too", outgoing);
  server.feed(take_outgoing());
  EXPECT_EQ("too", server.received);
}

TEST_F(TlsSessionTest, AFlippedBitInARecordIsAFailure) {
  shake_hands(4096);
  SSL_write(server.session(), "secret", 6);
  std::string record = server.produced();
  record.back() = static_cast<char>(record.back() ^ 1);
  feed_in_pieces(record, 4096);
  EXPECT_EQ(TlsSession::State::failed, client->state());
  EXPECT_EQ("", received);
  EXPECT_FALSE(client->failure_reason().empty());
  EXPECT_FALSE(outgoing.empty()) << "an alert for the peer";
}

TEST_F(TlsSessionTest, EveryTruncationOfTheServersFlightIsJustIncomplete) {
  client->start(outgoing);
  const std::string flight = server.feed(take_outgoing());
  for (std::size_t length = 0; length < flight.size(); length += 7) {
    const auto fresh = std::move(*TlsSession::to_server(*context, "broker.test"));
    WriteBuffer out;
    fresh->start(out);
    fresh->feed(std::string_view(flight).substr(0, length), out);  // another client's: at most refused
    EXPECT_NE(TlsSession::State::open, fresh->state());
  }
}

TEST_F(TlsSessionTest, WriteBeforeItIsOpenOrAfterItFailedDoesNothing) {
  client->write("early", outgoing);
  EXPECT_TRUE(outgoing.empty());
  client->feed("garbage that is no record at all", outgoing);
  EXPECT_EQ(TlsSession::State::failed, client->state());
  take_outgoing();
  client->write("late", outgoing);
  client->end(outgoing);
  EXPECT_TRUE(outgoing.empty());
}

}  // namespace
}  // namespace carillon::reactor

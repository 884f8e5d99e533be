// Outgoing TLS connections against a real OpenSSL server, with certificates made for the test.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "reactor/client_stream.h"
#include "reactor/testing/run_until.h"
#include "reactor/testing/stream_recorder.h"
#include "reactor/testing/tls_peer.h"

namespace carillon::reactor {
namespace {

using std::chrono::milliseconds;

class ClientStreamTls : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    certificate = std::make_unique<TestCertificate>("DNS:broker.test,IP:127.0.0.1");
    ca_file = std::make_unique<TestFile>(certificate->pem());
  }
  static void TearDownTestSuite() {
    certificate.reset();
    ca_file.reset();
  }
  ClientStreamTls() : loop(std::move(*Loop::create())) {}

  ClientStreamOptions options(std::uint16_t port, const std::string& server_name = "broker.test") {
    ClientStreamOptions made;
    made.host = "127.0.0.1";
    made.port = port;
    made.connect_timeout = std::chrono::seconds(60);  // a busy machine is no failure
    made.tls = std::make_unique<ClientTls>(ClientTls{server_name, ca_file->path()});
    return made;
  }
  void connect(ClientStreamOptions made) { stream = ClientStream::connect(*loop, std::move(made), recorder); }
  void connect_to(TlsPeer& peer) {
    connect(options(peer.port()));
    ASSERT_TRUE(run(peer, [&] { return recorder.connected == 1 && peer.connected(); }))
        << recorder.closed_because;
  }
  bool run(TlsPeer& peer, const std::function<bool()>& condition) {
    return run_until(*loop, [&] {
      peer.pump();
      return condition();
    });
  }
  bool run_to_close(TlsPeer& peer) {
    return run(peer, [&] { return recorder.closed > 0; });
  }
  std::string name_of(const TlsPeer& peer) { return "127.0.0.1:" + std::to_string(peer.port()); }

  static std::unique_ptr<TestCertificate> certificate;
  static std::unique_ptr<TestFile> ca_file;
  const std::unique_ptr<Loop> loop;
  StreamRecorder recorder;
  std::unique_ptr<ClientStream> stream;
};
std::unique_ptr<TestCertificate> ClientStreamTls::certificate;
std::unique_ptr<TestFile> ClientStreamTls::ca_file;

class ClientStreamTlsVersion : public ClientStreamTls, public ::testing::WithParamInterface<int> {};

TEST_P(ClientStreamTlsVersion, SendsAndReceives_AndSendsTheName) {
  TlsPeer peer(*certificate, GetParam());
  connect(options(peer.port()));
  stream->write("early, ");  // before there is a connection
  EXPECT_EQ(7u, stream->unsent_bytes());
  ASSERT_TRUE(run(peer, [&] { return recorder.connected == 1 && peer.connected(); }))
      << recorder.closed_because;
  stream->write("late");
  ASSERT_TRUE(run(peer, [&] { return peer.received == "early, late"; })) << peer.received;
  EXPECT_EQ(0u, stream->unsent_bytes());
  EXPECT_STREQ("broker.test", SSL_get_servername(peer.session(), TLSEXT_NAMETYPE_host_name));
  EXPECT_EQ(GetParam(), SSL_version(peer.session()));
  EXPECT_EQ(6u, peer.write("answer"));
  ASSERT_TRUE(run(peer, [&] { return recorder.received == "answer"; }));
  EXPECT_EQ(1, recorder.connected);
  EXPECT_EQ(0, recorder.closed);
}
INSTANTIATE_TEST_SUITE_P(Versions, ClientStreamTlsVersion, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST_F(ClientStreamTls, OlderVersionsAreRefused) {
  TlsPeer peer(*certificate, TLS1_1_VERSION);
  connect(options(peer.port()));
  ASSERT_TRUE(run_to_close(peer));
  EXPECT_EQ(0u, recorder.closed_because.find("cannot connect to " + name_of(peer) + ": TLS: "))
      << recorder.closed_because;
  EXPECT_EQ(0, recorder.connected);
}

TEST_F(ClientStreamTls, ACertificateForTheAddressWillDo_AndNoAddressIsSentAsAName) {
  TlsPeer peer(*certificate);
  connect(options(peer.port(), "127.0.0.1"));
  ASSERT_TRUE(run(peer, [&] { return recorder.connected == 1 && peer.connected(); }))
      << recorder.closed_because;
  EXPECT_EQ(nullptr, SSL_get_servername(peer.session(), TLSEXT_NAMETYPE_host_name));
}

TEST_F(ClientStreamTls, ACertificateForAnotherNameIsRefused) {
  for (const std::string name : {"other.test", "broker.test.evil.test", "127.0.0.2", "roker.test"}) {
    TlsPeer peer(*certificate);
    recorder.closed = 0;
    connect(options(peer.port(), name));
    stream->write("a password");
    ASSERT_TRUE(run_to_close(peer));
    EXPECT_EQ(
        "cannot connect to " + name_of(peer) + ": TLS: the server's certificate is not for '" + name + "'",
        recorder.closed_because);
    EXPECT_EQ(0, recorder.connected);
    EXPECT_EQ("", peer.received);
  }
}

TEST_F(ClientStreamTls, AnUntrustedCertificateIsRefused_ThoughItsNameIsRight) {
  const TestCertificate impostor("DNS:broker.test,IP:127.0.0.1");
  TlsPeer peer(impostor);
  connect(options(peer.port()));
  stream->write("a password");
  ASSERT_TRUE(run_to_close(peer));
  EXPECT_EQ(0u, recorder.closed_because.find("cannot connect to " + name_of(peer) +
                                             ": TLS: the server's certificate is not trusted: "))
      << recorder.closed_because;
  EXPECT_EQ("", peer.received);
}

TEST_F(ClientStreamTls, TheSystemsStoreDoesNotTrustATestCertificate) {
  TlsPeer peer(*certificate);
  auto made = options(peer.port());
  made.tls->ca_file.clear();
  connect(std::move(made));
  ASSERT_TRUE(run_to_close(peer));
  EXPECT_NE(std::string::npos, recorder.closed_because.find("is not trusted")) << recorder.closed_because;
}

TEST_F(ClientStreamTls, ABadCaFileIsNamed) {
  TlsPeer peer(*certificate);
  const TestFile garbage("no certificate");
  for (const std::string& path : {garbage.path(), garbage.path() + "-missing"}) {
    recorder.closed = 0;
    auto made = options(peer.port());
    made.tls->ca_file = path;
    connect(std::move(made));
    ASSERT_TRUE(run_to_close(peer));
    EXPECT_EQ(0u, recorder.closed_because.find("TLS: cannot read certificates (PEM) from " + path + ": "))
        << recorder.closed_because;
  }
}

TEST_F(ClientStreamTls, AnEmptyServerNameIsRefused_NotUnchecked) {
  TlsPeer peer(*certificate);
  connect(options(peer.port(), ""));
  ASSERT_TRUE(run_to_close(peer));
  EXPECT_EQ(0, recorder.connected);
}

TEST_F(ClientStreamTls, APeerThatDoesNotSpeakTlsIsRecognized) {
  TlsPeer peer(*certificate);
  connect(options(peer.port()));
  ASSERT_TRUE(run_until(*loop, [&] { return peer.try_accept(); }));
  const std::string plain = "-ERR unknown command\r\n";
  ASSERT_EQ(static_cast<ssize_t>(plain.size()), ::send(peer.fd(), plain.data(), plain.size(), MSG_NOSIGNAL));
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.closed > 0; }));
  EXPECT_EQ("cannot connect to " + name_of(peer) + ": TLS: what the server sends is not TLS",
            recorder.closed_because);
}

TEST_F(ClientStreamTls, AHandshakeThatHangsTimesOut) {
  TlsPeer peer(*certificate);
  auto made = options(peer.port());
  made.connect_timeout = milliseconds(1000);  // reading the certificates is part of it
  connect(std::move(made));
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.closed > 0; }));  // nothing drives the peer
  EXPECT_EQ("cannot connect to " + name_of(peer) + " within 1000 ms: the TLS handshake does not end",
            recorder.closed_because);
}

TEST_F(ClientStreamTls, APeerThatClosesDuringTheHandshakeIsReported) {
  TlsPeer peer(*certificate);
  connect(options(peer.port()));
  ASSERT_TRUE(run_until(*loop, [&] { return peer.try_accept(); }));
  ::shutdown(peer.fd(), SHUT_WR);
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.closed > 0; }));
  EXPECT_EQ("connection to " + name_of(peer) + " ended by the peer during the TLS handshake",
            recorder.closed_because);
}

TEST_F(ClientStreamTls, DeliversWhatCameBeforeThePeersCloseNotify) {
  TlsPeer peer(*certificate);
  connect_to(peer);
  peer.write("last words");
  peer.end();
  ASSERT_TRUE(run_to_close(peer));
  EXPECT_EQ("last words", recorder.received);
  EXPECT_EQ("connection to " + name_of(peer) + " ended by the peer", recorder.closed_because);
}

TEST_F(ClientStreamTls, DestroyingTheStreamSendsCloseNotify) {
  TlsPeer peer(*certificate);
  connect_to(peer);
  stream->write("bye");
  stream.reset();
  ASSERT_TRUE(run(peer, [&] { return peer.got_end; }));
  EXPECT_EQ("bye", peer.received);
  EXPECT_EQ(0, recorder.closed);
}

TEST_F(ClientStreamTls, GarbageInTheMiddleIsReportedAsAnError) {
  TlsPeer peer(*certificate);
  connect_to(peer);
  const std::string garbage(100, '\x17');
  ASSERT_EQ(100, ::send(peer.fd(), garbage.data(), garbage.size(), MSG_NOSIGNAL));
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.closed > 0; }));
  EXPECT_EQ(0u, recorder.closed_because.find("connection to " + name_of(peer) + ": TLS: "))
      << recorder.closed_because;
}

TEST_F(ClientStreamTls, MayBeDestroyedInEachCallback) {
  {
    TlsPeer peer(*certificate);
    recorder.then_connected = [&] { stream.reset(); };
    connect(options(peer.port()));
    ASSERT_TRUE(run(peer, [&] { return recorder.connected == 1 && (peer.got_end || peer.failed); }));
    recorder.then_connected = nullptr;
    recorder.connected = 0;
  }
  {
    TlsPeer peer(*certificate);
    connect_to(peer);
    recorder.then_bytes = [&](std::string_view) { stream.reset(); };
    peer.write("first");
    peer.write("second");  // in the same read, as a record of its own
    ASSERT_TRUE(run(peer, [&] { return peer.got_end; }));
    EXPECT_EQ("first", recorder.received);
  }
  EXPECT_EQ(0, recorder.closed);
  TlsPeer peer(*certificate);
  recorder.then_closed = [&] { stream.reset(); };
  connect(options(peer.port(), "other.test"));
  ASSERT_TRUE(run_to_close(peer));
  EXPECT_EQ(nullptr, stream);
}

TEST_F(ClientStreamTls, ManyMebibytesPassBothWays) {
  TlsPeer peer(*certificate);
  connect_to(peer);
  constexpr std::size_t kBytes = 4 * 1024 * 1024;
  std::string block(kBytes, '\0');
  for (std::size_t i = 0; i < kBytes; ++i) block[i] = static_cast<char>(i * 2654435761u >> 13);
  stream->write(block);
  EXPECT_GT(stream->unsent_bytes(), 0u);
  std::size_t sent = 0;
  ASSERT_TRUE(run(peer, [&] {
    const std::string_view rest = std::string_view(block).substr(sent, 64 * 1024);
    if (!rest.empty()) sent += peer.write(rest);
    return peer.received.size() >= kBytes && recorder.received.size() >= kBytes;
  }));
  EXPECT_TRUE(peer.received == block);
  EXPECT_TRUE(recorder.received == block);
  EXPECT_EQ(0u, stream->unsent_bytes());
}

class TlsWriteLimit : public ClientStreamTls, public ::testing::WithParamInterface<int> {};

TEST_P(TlsWriteLimit, HoldsToTheByteOfPlaintext) {
  TlsPeer peer(*certificate);
  auto made = options(peer.port());
  made.write_buffer_bytes_max = 100'000;
  connect(std::move(made));
  const auto all = std::size_t{100'000} + static_cast<std::size_t>(GetParam());
  stream->write(std::string(all, 'x'));
  if (GetParam() <= 0) {
    ASSERT_TRUE(run(peer, [&] { return peer.received.size() == all; })) << recorder.closed_because;
  } else {
    ASSERT_TRUE(run_to_close(peer));
    EXPECT_NE(std::string::npos, recorder.closed_because.find("more than 100000 bytes wait"));
  }
}
INSTANTIATE_TEST_SUITE_P(AtTheLimit, TlsWriteLimit, ::testing::Values(-1, 0, 1));

}  // namespace
}  // namespace carillon::reactor

// The server's side of TLS as a codec: no socket, so that bytes can be cut anywhere.
#include "reactor/tls_server_session.h"

#include <gtest/gtest.h>

#include "reactor/testing/tls_memory_client.h"
#include "reactor/testing/tls_peer.h"

namespace carillon::reactor {
namespace {

constexpr std::string_view kHttp = "\x08http/1.1";

const TestCertificate& certificate() {
  static const TestCertificate made("DNS:gateway.test");
  return made;
}

std::shared_ptr<const TlsContext> make_context(
    const std::shared_ptr<TicketKeys>& tickets = std::make_shared<TicketKeys>(wall_now())) {
  auto made = TlsContext::for_servers(certificate().pem(), certificate().key_pem(), tickets);
  EXPECT_TRUE(made.has_value()) << made.error().message;
  return *made;
}

// One thread's sessions, as a shard has them.
struct Side {
  std::unique_ptr<TlsWire> wire = std::move(*TlsWire::create());
};

struct Server {
  Server(const TlsContext& context, Side& of) : side(of), session(context, *of.wire) {}

  // Feeds in pieces and reads what there is; gives what it answers.
  std::string feed(std::string_view bytes, std::size_t piece = 64 * 1024) {
    std::string answer;
    for (std::size_t at = 0; at < bytes.size() && !failed; at += piece) {
      side.wire->incoming = bytes.substr(at, piece);
      read_all();
      EXPECT_TRUE(side.wire->incoming.empty() || failed || ended);
      side.wire->incoming = {};
      answer += std::exchange(side.wire->produced, {});
    }
    return answer;
  }
  void read_all() {
    for (;;) {
      const TlsRead read = session.read(plaintext);
      received.append(plaintext, read.count);
      if (read.state == TlsRead::State::bytes) continue;
      ended = read.state == TlsRead::State::ended;
      failed = read.state == TlsRead::State::failed;
      why = read.why;
      return;
    }
  }
  std::string encrypt(std::string_view text) {
    EXPECT_TRUE(session.write(text));
    return std::exchange(side.wire->produced, {});
  }

  Side& side;
  TlsServerSession session;
  char plaintext[kTlsPlaintextMax];
  std::string received;
  bool ended = false;
  bool failed = false;
  std::string why;
};

// Exchanges bytes until neither side has more to send.
void shake_hands(TlsMemoryClient& client, Server& server, std::size_t piece = 64 * 1024) {
  for (std::string out = client.start(); !out.empty();) out = client.feed(server.feed(out, piece));
}

class TlsServerSessionTest : public ::testing::TestWithParam<int> {
 protected:
  TlsOffer offer() const {
    TlsOffer out;
    out.lowest = out.highest = GetParam();
    return out;
  }
  std::shared_ptr<const TlsContext> context = make_context();
  Side side;
};
INSTANTIATE_TEST_SUITE_P(Versions, TlsServerSessionTest, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& of) { return of.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_P(TlsServerSessionTest, BytesGoBothWaysWhereverTheyAreCut) {
  for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 100U, 1000U, 65536U}) {
    TlsMemoryClient client(offer());
    Server server(*context, side);
    shake_hands(client, server, piece);
    ASSERT_TRUE(client.is_open() && server.session.is_open()) << server.why;
    std::string records = client.encrypt("hello");
    records += client.encrypt("again");
    server.feed(records, piece);
    EXPECT_EQ(server.received, "helloagain") << piece;
    const std::string answer = server.encrypt("world");
    for (const char byte : answer) client.feed({&byte, 1});
    EXPECT_EQ(client.received, "world") << piece;
    server.feed(client.end(), piece);
    EXPECT_TRUE(server.ended) << piece;
    server.session.end();
    client.feed(std::exchange(side.wire->produced, {}));
    EXPECT_TRUE(client.got_end) << piece;
  }
}

TEST_P(TlsServerSessionTest, ALargeWriteIsARecordForEach16KiB) {
  TlsMemoryClient client(offer());
  Server server(*context, side);
  shake_hands(client, server);
  const std::string large(40000, 'x');
  const std::string ciphertext = server.encrypt(large);
  EXPECT_LT(ciphertext.size(), large.size() + 3 * 64);
  client.feed(ciphertext);
  EXPECT_EQ(client.received, large);
  server.feed(client.encrypt(large), 1000);
  EXPECT_EQ(server.received, large);
}

// Each shard has a wire of its own, and the kernel deals the client to any of them.
TEST_P(TlsServerSessionTest, AClientThatComesBackIsKnownByItsTicketOnEveryShard) {
  TlsMemoryClient first(offer());
  Server server(*context, side);
  shake_hands(first, server);
  EXPECT_FALSE(first.resumed());
  EXPECT_FALSE(server.session.was_resumed());
  first.feed(server.encrypt("x"));
  const TlsTicket ticket = first.ticket();

  Side other_shard;
  TlsOffer again = offer();
  again.ticket = ticket.get();
  TlsMemoryClient second(again);
  Server other(*context, other_shard);
  shake_hands(second, other);
  EXPECT_TRUE(second.resumed());
  EXPECT_TRUE(other.session.was_resumed());
  other.feed(second.encrypt("back"));
  EXPECT_EQ(other.received, "back");
}

// A key lives for a day, and is accepted for another.
TEST_P(TlsServerSessionTest, ATicketIsAcceptedUntilItsKeyHasBeenRenewedTwice) {
  const WallTime start = wall_now();
  const auto keys = std::make_shared<TicketKeys>(start);
  const auto own = make_context(keys);
  TlsMemoryClient first(offer());
  Server server(*own, side);
  shake_hands(first, server);
  first.feed(server.encrypt("x"));
  const TlsTicket ticket = first.ticket();
  // Another context with the same keys, as after a reload.
  const auto renewed = make_context(keys);
  for (const bool is_accepted : {true, true, false}) {
    // OpenSSL never uses a session again whose connection ended without a close_notify.
    const TlsTicket copy(SSL_SESSION_dup(ticket.get()));
    TlsOffer again = offer();
    again.ticket = copy.get();
    TlsMemoryClient back(again);
    Server other(*renewed, side);
    shake_hands(back, other);
    EXPECT_EQ(back.resumed(), is_accepted) << keys->keys().size() << " keys";
    other.feed(back.encrypt("back"));
    EXPECT_EQ(other.received, "back");
    ASSERT_TRUE(keys->renew_if_due(keys->current().made_at + TicketKeys::kLifetime));
  }
}

TEST_P(TlsServerSessionTest, ASessionOutlivesItsContext) {
  auto own = make_context();
  TlsMemoryClient client(offer());
  Server server(*own, side);
  own.reset();
  shake_hands(client, server);
  client.feed(server.encrypt("x"));
  EXPECT_EQ(client.received, "x");
}

TEST_P(TlsServerSessionTest, ManyHandshakesAtOnceOverOneWireDoNotMix) {
  constexpr std::size_t kMany = 20;
  std::vector<std::unique_ptr<TlsMemoryClient>> clients;
  std::vector<std::unique_ptr<Server>> servers;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kMany; ++i) {
    clients.push_back(std::make_unique<TlsMemoryClient>(offer()));
    servers.push_back(std::make_unique<Server>(*context, side));
    out.push_back(clients[i]->start());
  }
  for (int flight = 0; flight < 4; ++flight) {
    for (std::size_t i = 0; i < kMany; ++i) out[i] = clients[i]->feed(servers[i]->feed(out[i], 50));
    if (flight == 0) servers[3].reset();  // one leaves in the midst of it
    if (flight == 0) servers[3] = std::make_unique<Server>(*context, side);
  }
  for (std::size_t i = 0; i < kMany; ++i) {
    if (i == 3) continue;
    servers[i]->feed(clients[i]->encrypt(std::to_string(i)));
    EXPECT_EQ(servers[i]->received, std::to_string(i));
  }
}

TEST_P(TlsServerSessionTest, AFlippedBitInARecordIsAFailureAndIsAnsweredByAnAlert) {
  TlsMemoryClient client(offer());
  Server server(*context, side);
  shake_hands(client, server);
  std::string record = client.encrypt("secret");
  record.back() = static_cast<char>(record.back() ^ 1);
  EXPECT_FALSE(server.feed(record).empty());
  EXPECT_TRUE(server.failed);
  EXPECT_EQ(server.received, "");
  EXPECT_FALSE(server.session.write("late"));
}

TEST_P(TlsServerSessionTest, AlpnIsAnsweredWithHttp11WhereItIsOffered) {
  const std::string both = "\x02h2" + std::string(kHttp);
  for (const auto& [protocols, answer] :
       {std::pair(both, "http/1.1"), std::pair(std::string(kHttp), "http/1.1"),
        std::pair(std::string(), "")}) {
    TlsOffer with = offer();
    with.protocols = protocols;
    TlsMemoryClient client(with);
    Server server(*context, side);
    shake_hands(client, server);
    EXPECT_TRUE(client.is_open() && server.session.is_open()) << protocols;
    EXPECT_EQ(client.protocol(), answer);
  }
}

class TlsServerRefusals : public ::testing::Test {
 protected:
  // Why the server refuses such a client; empty when it does not.
  std::string refusal_of(const TlsOffer& offer) {
    TlsMemoryClient client(offer);
    Server server(*context, side);
    shake_hands(client, server);
    EXPECT_EQ(server.failed, !client.is_open());
    EXPECT_EQ(server.failed, client.failed) << "the client receives an alert";
    return server.failed ? server.why : "";
  }
  std::shared_ptr<const TlsContext> context = make_context();
  Side side;
};

TEST_F(TlsServerRefusals, OldVersionsAreRefused) {
  TlsOffer offer;
  offer.lowest = TLS1_VERSION;
  offer.highest = TLS1_VERSION;
  EXPECT_EQ(refusal_of(offer), "unsupported protocol");
  offer.highest = TLS1_1_VERSION;
  EXPECT_EQ(refusal_of(offer), "unsupported protocol");
}

TEST_F(TlsServerRefusals, OnlyAeadWithForwardSecrecyIsTakenInTls12) {
  TlsOffer offer;
  offer.highest = TLS1_2_VERSION;
  for (const char* const suites : {"ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256",
                                   "DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-CCM8"}) {
    offer.suites = suites;
    EXPECT_EQ(refusal_of(offer), "no shared cipher") << suites;
  }
  for (const char* const suites : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
    offer.suites = suites;
    EXPECT_EQ(refusal_of(offer), "") << suites;
  }
}

// ffdhe8192 costs 200 ms of CPU for each replayed ClientHello (CVE-2002-20001).
TEST_F(TlsServerRefusals, OnlyCheapGroupsAreTakenForTheKeyExchange) {
  TlsOffer offer;
  offer.lowest = TLS1_3_VERSION;
  for (const char* const group : {"X25519", "P-256", "P-384"}) {
    offer.groups = group;
    EXPECT_EQ(refusal_of(offer), "") << group;
  }
  for (const char* const group :
       {"ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192", "P-521", "X448"}) {
    offer.groups = group;
    EXPECT_EQ(refusal_of(offer), "no suitable key share") << group;
  }
  offer.lowest = offer.highest = TLS1_2_VERSION;  // where the list also has to name the certificate's curve
  offer.groups = "P-256";
  EXPECT_EQ(refusal_of(offer), "");
}

// RFC 7301 3.2: the alert is no_application_protocol.
TEST_F(TlsServerRefusals, AClientWhoseAlpnOffersOnlyWhatWeDoNotSpeakIsRefused) {
  TlsOffer offer;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    offer.highest = version;
    for (const std::string_view protocols : {"\x02h2", "\x02h2\x08http/1.0", "\x08http/1.2", "\x07http/1."}) {
      offer.protocols = protocols;
      EXPECT_EQ(refusal_of(offer), "no application protocol") << protocols;
    }
  }
}

TEST_F(TlsServerRefusals, GarbageAndPlainHttpAreNamed) {
  for (const auto& [bytes, why] :
       {std::pair("GET / HTTP/1.1\r\n\r\n", "plain HTTP was sent to an address with TLS"),
        std::pair("garbage that is no record at all", "wrong version number")}) {
    for (const std::size_t piece : {1U, 1000U}) {
      Server server(*context, side);
      server.feed(bytes, piece);
      EXPECT_TRUE(server.failed) << bytes;
      EXPECT_EQ(server.why, why);
    }
  }
}

TEST_F(TlsServerRefusals, EveryTruncationAndFlippedByteOfAFirstFlightIsWaitedForOrRefused) {
  TlsMemoryClient client;
  const std::string flight = client.start();
  for (std::size_t length = 0; length < flight.size(); ++length) {
    Server cut(*context, side);
    cut.feed(flight.substr(0, length));
    EXPECT_FALSE(cut.failed || cut.session.is_open()) << length;
    std::string flipped = flight;
    flipped[length] = static_cast<char>(flipped[length] ^ 0x41);
    Server server(*context, side);
    server.feed(flipped);
    EXPECT_FALSE(server.session.is_open()) << length;
  }
}

TEST_F(TlsServerRefusals, RenegotiationIsRefused) {
  TlsOffer offer;
  offer.highest = TLS1_2_VERSION;
  TlsMemoryClient client(offer);
  Server server(*context, side);
  shake_hands(client, server);
  SSL_renegotiate(client.session());
  SSL_do_handshake(client.session());
  std::string out = client.feed({});
  ASSERT_FALSE(out.empty());
  client.feed(server.feed(out));
  EXPECT_FALSE(server.failed);
  EXPECT_TRUE(server.session.is_open());
  EXPECT_FALSE(client.is_open()) << "its renegotiation stays unanswered but for a warning";
}

TEST_F(TlsServerRefusals, WriteBeforeTheHandshakeIsDoneFails) {
  Server server(*context, side);
  EXPECT_FALSE(server.session.write("early"));
  server.session.end();
  EXPECT_EQ(side.wire->produced, "");
}

// --- certificates -------------------------------------------------------------------------------

std::string fault_of(std::string_view certificate_pem, std::string_view key_pem) {
  const auto made =
      TlsContext::for_servers(certificate_pem, key_pem, std::make_shared<TicketKeys>(wall_now()));
  if (made) return "";
  return (made.error().in == TlsFault::In::key ? "key " : "cert ") + made.error().message;
}

TEST(TlsForServers, NamesTheFaultyOneOfTheTwoFiles) {
  const TestCertificate& good = certificate();
  const TestCertificate other("DNS:other.test");
  EXPECT_EQ(fault_of(good.pem(), good.key_pem()), "");
  EXPECT_EQ(fault_of(good.pem() + good.key_pem(), good.key_pem() + good.pem()), "")
      << "one file may hold both";
  EXPECT_EQ(fault_of(good.pem() + other.pem(), good.key_pem()), "") << "issuers follow";
  EXPECT_EQ(fault_of(good.pem(), other.key_pem()),
            "key does not belong to the certificate; write the path of the key that it was made with");
  EXPECT_EQ(fault_of("", good.key_pem()).substr(0, 5), "cert ");
  EXPECT_EQ(
      fault_of("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", good.key_pem()).substr(0, 5),
      "cert ");
  EXPECT_EQ(
      fault_of(good.pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", good.key_pem())
          .substr(0, 5),
      "cert ");
  EXPECT_EQ(fault_of(good.pem(), "").substr(0, 4), "key ");
  EXPECT_EQ(
      fault_of(good.pem(), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").substr(0, 4),
      "key ");
}

}  // namespace
}  // namespace carillon::reactor

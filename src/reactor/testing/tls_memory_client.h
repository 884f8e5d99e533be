#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace carillon::reactor {

struct FreeSslSession {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using TlsTicket = std::unique_ptr<SSL_SESSION, FreeSslSession>;

struct TlsOffer {
  int lowest = TLS1_2_VERSION;
  int highest = TLS1_3_VERSION;
  const char* suites = "ALL:@SECLEVEL=0";  // up to TLS 1.2
  const char* groups = nullptr;            // of the key exchange; null: OpenSSL's own list
  std::string_view protocols = {};         // ALPN as it is sent: "\x08http/1.1"
  SSL_SESSION* ticket = nullptr;
};

// TlsMemoryClient: a TLS client for tests, fed bytes: ciphertext in, ciphertext out, so that a test can cut
// both anywhere. It trusts whatever certificate it is shown.
//
// Thread: the test's.
class TlsMemoryClient {
 public:
  explicit TlsMemoryClient(const TlsOffer& offer = {})
      : context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free), session_(nullptr, &SSL_free) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), offer.lowest);
    SSL_CTX_set_max_proto_version(context_.get(), offer.highest);
    if (SSL_CTX_set_cipher_list(context_.get(), offer.suites) != 1) throw std::runtime_error("suites");
    std::string groups(offer.groups != nullptr ? offer.groups : "");  // OpenSSL's macro casts constness away
    if (!groups.empty() && SSL_CTX_set1_groups_list(context_.get(), groups.data()) != 1) {
      throw std::runtime_error("groups");
    }
    session_.reset(SSL_new(context_.get()));
    SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(session_.get());
    if (!offer.protocols.empty()) {
      SSL_set_alpn_protos(session_.get(), reinterpret_cast<const unsigned char*>(offer.protocols.data()),
                          static_cast<unsigned>(offer.protocols.size()));
    }
    if (offer.ticket != nullptr) SSL_set_session(session_.get(), offer.ticket);
  }

  std::string start() { return feed({}); }  // the first flight
  // What it answers.
  std::string feed(std::string_view ciphertext) {
    BIO_write(SSL_get_rbio(session_.get()), ciphertext.data(), static_cast<int>(ciphertext.size()));
    char bytes[16 * 1024];
    for (;;) {
      ERR_clear_error();
      const int count = SSL_read(session_.get(), bytes, sizeof bytes);
      if (count > 0) {
        received.append(bytes, static_cast<std::size_t>(count));
        continue;
      }
      const int error = SSL_get_error(session_.get(), count);
      got_end = got_end || error == SSL_ERROR_ZERO_RETURN;
      failed = failed || (error != SSL_ERROR_ZERO_RETURN && error != SSL_ERROR_WANT_READ);
      return take_produced();
    }
  }
  std::string encrypt(std::string_view plaintext) {
    ERR_clear_error();
    if (SSL_write(session_.get(), plaintext.data(), static_cast<int>(plaintext.size())) <= 0) failed = true;
    return take_produced();
  }
  std::string end() {
    SSL_shutdown(session_.get());
    return take_produced();
  }

  bool is_open() const { return SSL_is_init_finished(session_.get()) == 1; }
  bool resumed() const { return SSL_session_reused(session_.get()) == 1; }
  // For another client's offer. In TLS 1.3 it comes behind the handshake.
  TlsTicket ticket() const { return TlsTicket(SSL_get1_session(session_.get())); }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(session_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  SSL* session() { return session_.get(); }
  std::string take_received() { return std::exchange(received, {}); }

  std::string received;
  bool got_end = false;  // close_notify
  bool failed = false;

 private:
  std::string take_produced() {
    std::string out;
    char bytes[4096];
    for (int count = 0; (count = BIO_read(SSL_get_wbio(session_.get()), bytes, sizeof bytes)) > 0;) {
      out.append(bytes, static_cast<std::size_t>(count));
    }
    return out;
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
};

}  // namespace carillon::reactor

#include "reactor/tls_session.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace carillon::reactor {
namespace {

bool is_numeric_address(const std::string& name) {
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, name.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

// Whom the certificate must be for. SNI is for names only (RFC 6066 3).
bool expect_server(SSL* session, const std::string& server_name) {
  if (is_numeric_address(server_name)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), server_name.c_str()) == 1;
  }
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // The macro SSL_set_tlsext_host_name(), without its cast. OpenSSL copies the name.
  return SSL_set1_host(session, server_name.c_str()) == 1 &&
         SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                  const_cast<char*>(server_name.c_str())) == 1;
}

std::string certificate_problem(long result, const std::string& server_name) {
  if (result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    return "the server's certificate is not for '" + server_name + "'";
  }
  return std::string("the server's certificate is not trusted: ") + X509_verify_cert_error_string(result);
}

}  // namespace

Result<std::unique_ptr<TlsSession>> TlsSession::to_server(const TlsContext& context,
                                                          const std::string& server_name) {
  ERR_clear_error();
  SSL* const session = SSL_new(context.native());
  BIO* const incoming = BIO_new(BIO_s_mem());
  BIO* const produced = BIO_new(BIO_s_mem());
  if (session == nullptr || incoming == nullptr || produced == nullptr) {
    SSL_free(session);
    BIO_free(incoming);
    BIO_free(produced);
    return failure(std::string("TLS: ") + take_openssl_error());
  }
  SSL_set_bio(session, incoming, produced);
  SSL_set_connect_state(session);
  std::unique_ptr<TlsSession> tls(new TlsSession(session, incoming, produced, server_name));
  if (server_name.empty() || !expect_server(session, server_name)) {
    return failure("TLS: '" + server_name + "' is not a host name or address that a certificate can contain");
  }
  return tls;
}

TlsSession::TlsSession(ssl_st* session, bio_st* incoming, bio_st* produced, std::string server_name)
    : session_(session), incoming_(incoming), produced_(produced), server_name_(std::move(server_name)) {}

TlsSession::~TlsSession() { SSL_free(session_); }

void TlsSession::start(WriteBuffer& outgoing) {
  advance_handshake();
  take_produced(outgoing);
}

void TlsSession::feed(std::string_view ciphertext, WriteBuffer& outgoing) {
  while (!ciphertext.empty()) {  // once, but for pieces beyond BIO_write's int
    const auto piece = std::min<std::size_t>(ciphertext.size(), std::numeric_limits<int>::max());
    if (BIO_write(incoming_, ciphertext.data(), static_cast<int>(piece)) <= 0) return fail();
    ciphertext.remove_prefix(piece);
  }
  if (state_ == State::handshaking) advance_handshake();
  take_produced(outgoing);
}

void TlsSession::advance_handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(session_);
  if (result == 1) {
    state_ = State::open;
  } else if (SSL_get_error(session_, result) != SSL_ERROR_WANT_READ) {
    fail();
  }
}

std::size_t TlsSession::read(std::span<char> into, WriteBuffer& outgoing) {
  if (state_ != State::open) return 0;
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_read_ex(session_, into.data(), into.size(), &count);
  if (result != 1) {
    switch (SSL_get_error(session_, result)) {
      case SSL_ERROR_WANT_READ:
        break;
      case SSL_ERROR_ZERO_RETURN:
        state_ = State::ended;
        break;
      default:
        fail();
    }
  }
  take_produced(outgoing);  // an alert
  return result == 1 ? count : 0;
}

void TlsSession::write(std::string_view plaintext, WriteBuffer& outgoing) {
  if (state_ != State::open || plaintext.empty()) return;
  ERR_clear_error();
  std::size_t count = 0;
  // A memory BIO takes all of it.
  if (SSL_write_ex(session_, plaintext.data(), plaintext.size(), &count) != 1) fail();
  take_produced(outgoing);
}

void TlsSession::end(WriteBuffer& outgoing) {
  if (state_ != State::open && state_ != State::ended) return;
  ERR_clear_error();
  SSL_shutdown(session_);
  ERR_clear_error();
  take_produced(outgoing);
}

void TlsSession::fail() {
  const long verified = SSL_get_verify_result(session_);
  if (state_ == State::handshaking && verified != X509_V_OK) {
    failure_reason_ = certificate_problem(verified, server_name_);
    ERR_clear_error();
  } else if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_WRONG_VERSION_NUMBER) {
    failure_reason_ = "what the server sends is not TLS";
    ERR_clear_error();
  } else {
    failure_reason_ = take_openssl_error();
  }
  state_ = State::failed;
}

void TlsSession::take_produced(WriteBuffer& outgoing) {
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(produced_, &bytes);
  if (count <= 0) return;
  outgoing.append({bytes, static_cast<std::size_t>(count)});
  BIO_reset(produced_);
}

}  // namespace carillon::reactor

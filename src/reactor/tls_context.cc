#include "reactor/tls_context.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "base/assert.h"

namespace carillon::reactor {
namespace {

// Before anything else uses OpenSSL: it must not free its state when the process exits, because a thread that
// still waits for a name server (dial_plan.cc) may use it after that.
[[maybe_unused]] const int kept_at_exit = OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);

template <class Object, void (*kFree)(Object*)>
struct Freed {
  void operator()(Object* object) const { kFree(object); }
};
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
struct FreedBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using TextBio = std::unique_ptr<BIO, FreedBio>;

TextBio reading(std::string_view text) {
  const auto size = std::min<std::size_t>(text.size(), std::numeric_limits<int>::max());
  return TextBio(BIO_new_mem_buf(text.data(), static_cast<int>(size)));
}

// OpenSSL would ask on the terminal, and a server has none.
int no_passphrase(char*, int, int, void*) { return -1; }

Certificate next_certificate(BIO* from) {
  ERR_clear_error();
  return Certificate(PEM_read_bio_X509(from, nullptr, no_passphrase, nullptr));
}

TlsFault certificate_fault(const std::string& what) {
  ERR_clear_error();
  return {TlsFault::In::certificate, what};
}

std::optional<TlsFault> use_certificate(SSL_CTX* context, std::string_view pem) {
  const TextBio text = reading(pem);
  const Certificate own = text ? next_certificate(text.get()) : nullptr;
  if (!own) {
    return certificate_fault(
        std::string("holds no certificate that OpenSSL can read (") + take_openssl_error() +
        R"(); write the path of a file with "-----BEGIN CERTIFICATE-----", the server's own first)");
  }
  if (SSL_CTX_use_certificate(context, own.get()) != 1) {
    return certificate_fault(std::string("has a certificate that OpenSSL does not take (") +
                             take_openssl_error() + "); write one with an RSA key of 2048 bits or P-256");
  }
  while (Certificate issuer = next_certificate(text.get())) {
    if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1) {
      return certificate_fault(std::string("has an issuing certificate that OpenSSL does not take (") +
                               take_openssl_error() + "); leave it out, or write another");
    }
  }
  // The end of the file is no error; a broken certificate behind a good one is.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return certificate_fault(std::string("has an issuing certificate that OpenSSL cannot read (") +
                             take_openssl_error() + "); write its PEM text anew");
  }
  ERR_clear_error();
  return std::nullopt;
}

std::optional<TlsFault> use_key(SSL_CTX* context, std::string_view pem) {
  ERR_clear_error();
  const TextBio text = reading(pem);
  const Key key(text ? PEM_read_bio_PrivateKey(text.get(), nullptr, no_passphrase, nullptr) : nullptr);
  if (!key) {
    return TlsFault{
        TlsFault::In::key,
        std::string("holds no private key that OpenSSL can read (") + take_openssl_error() +
            R"(); write the path of a file with "-----BEGIN PRIVATE KEY-----", without passphrase)"};
  }
  // Judged on its own first: SSL_CTX_use_PrivateKey() drops the certificate that does not fit.
  if (X509_check_private_key(SSL_CTX_get0_certificate(context), key.get()) != 1) {
    ERR_clear_error();
    return TlsFault{TlsFault::In::key,
                    "does not belong to the certificate; write the path of the key that it was made with"};
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return TlsFault{TlsFault::In::key, std::string("is not taken by OpenSSL (") + take_openssl_error() +
                                           "); write another key, and a certificate for it"};
  }
  return std::nullopt;
}

// Selects "http/1.1", the only protocol spoken here. A client that offers only other protocols is refused
// with the alert no_application_protocol (RFC 7301 3.2). A client without ALPN never gets here.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  constexpr std::string_view kHttp = "http/1.1";
  for (unsigned int at = 0; at < offered_size; at += 1U + offered[at]) {
    const unsigned int size = offered[at];
    if (size > offered_size - at - 1) return SSL_TLSEXT_ERR_ALERT_FATAL;
    if (std::string_view(reinterpret_cast<const char*>(offered) + at + 1, size) != kHttp) continue;
    *out = offered + at + 1;
    *out_size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// OpenSSL also offers finite-field groups, and a key share of ffdhe8192 costs 200 ms of CPU before the client
// has proved anything (CVE-2002-20001). These three cost well under a millisecond.
constexpr const char* kGroups = "X25519:P-256:P-384";

bool set_server_rules(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // A connection that is idle must not keep its record buffers, of 16 KiB each.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  std::string groups(kGroups);  // OpenSSL's macro casts constness away
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
         SSL_CTX_set1_groups_list(context, groups.data()) == 1 &&
         SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::for_clients(const std::string& ca_file) {
  ERR_clear_error();
  SSL_CTX* const native = SSL_CTX_new(TLS_client_method());
  if (native == nullptr) return failure(std::string("TLS: ") + take_openssl_error());
  auto context = std::make_shared<const TlsContext>(native);
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_verify(native, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  if (ca_file.empty()) {
    if (SSL_CTX_set_default_verify_paths(native) != 1) {
      return failure(std::string("TLS: cannot read the system's certificate store: ") + take_openssl_error());
    }
  } else if (SSL_CTX_load_verify_file(native, ca_file.c_str()) != 1) {
    return failure("TLS: cannot read certificates (PEM) from " + ca_file + ": " + take_openssl_error());
  }
  return context;
}

Result<std::shared_ptr<const TlsContext>, TlsFault> TlsContext::for_servers(
    std::string_view certificate_pem, std::string_view key_pem, std::shared_ptr<const TicketKeys> tickets) {
  ERR_clear_error();
  SSL_CTX* const native = SSL_CTX_new(TLS_server_method());
  if (native == nullptr) return tl::unexpected(certificate_fault(take_openssl_error()));
  auto context = std::make_shared<const TlsContext>(native);
  if (!set_server_rules(native) || !use_ticket_keys(native, std::move(tickets)))
    return tl::unexpected(certificate_fault(take_openssl_error()));
  if (auto fault = use_certificate(native, certificate_pem)) return tl::unexpected(std::move(*fault));
  if (auto fault = use_key(native, key_pem)) return tl::unexpected(std::move(*fault));
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

const char* take_openssl_error() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown error";
}

}  // namespace carillon::reactor

#pragma once

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "reactor/listener.h"

namespace carillon::reactor {

// A self-signed certificate, its own CA, valid for 30 days: "DNS:broker.test,IP:127.0.0.1".
class TestCertificate {
 public:
  // `alternative_names`: empty, or "DNS:a.test". `issuer`: null for a certificate that is its own.
  explicit TestCertificate(const std::string& alternative_names, const TestCertificate* issuer = nullptr,
                           const char* common_name = "carillon test")
      : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), &EVP_PKEY_free),
        certificate_(X509_new(), &X509_free) {
    X509* const x509 = certificate_.get();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -60);
    X509_gmtime_adj(X509_getm_notAfter(x509), 30L * 24 * 3600);
    X509_set_pubkey(x509, key_.get());
    X509_NAME* const name = X509_get_subject_name(x509);
    const auto* const text = reinterpret_cast<const unsigned char*>(common_name);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
    X509_set_issuer_name(x509, issuer ? X509_get_subject_name(issuer->x509()) : name);
    add_extension(NID_basic_constraints, "critical,CA:TRUE");
    if (!alternative_names.empty()) add_extension(NID_subject_alt_name, alternative_names);
    if (X509_sign(x509, issuer ? issuer->key() : key_.get(), EVP_sha256()) == 0)
      throw std::runtime_error("X509_sign");
  }
  EVP_PKEY* key() const { return key_.get(); }
  X509* x509() const { return certificate_.get(); }
  std::string pem() const {
    return written([this](BIO* out) { PEM_write_bio_X509(out, x509()); });
  }
  std::string key_pem() const {
    return written(
        [this](BIO* out) { PEM_write_bio_PrivateKey(out, key(), nullptr, nullptr, 0, nullptr, nullptr); });
  }

 private:
  template <class Write>
  static std::string written(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
    write(out.get());
    std::string text(4096, '\0');
    const int length = BIO_read(out.get(), text.data(), static_cast<int>(text.size()));
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return text;
  }
  void add_extension(int nid, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str()), &X509_EXTENSION_free);
    if (extension == nullptr) throw std::runtime_error("extension " + value);
    X509_add_ext(x509(), extension.get(), -1);
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

// A file that goes when this goes.
class TestFile {
 public:
  explicit TestFile(std::string_view text) {
    const char* const folder = std::getenv("TMPDIR");
    path_ = std::string(folder != nullptr ? folder : "/tmp") + "/carillon-test-XXXXXX";
    const FileDescriptor fd(::mkstemp(path_.data()));
    if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("cannot write " + path_);
    }
  }
  ~TestFile() { ::unlink(path_.c_str()); }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// TlsPeer: a TLS server for tests, and the certificates it needs, made on the spot.
//
// Thread: the test's. It never blocks: call pump() between turns of the loop (for example from
// run_until()'s condition).
class TlsPeer {
 public:
  explicit TlsPeer(const TestCertificate& certificate, int highest_version = TLS1_3_VERSION)
      : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free), session_(nullptr, &SSL_free) {
    std::signal(SIGPIPE, SIG_IGN);                  // OpenSSL writes without MSG_NOSIGNAL
    SSL_CTX_set_security_level(context_.get(), 0);  // so that it can be as old as a test wants
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), highest_version);
    SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_use_certificate(context_.get(), certificate.x509());
    SSL_CTX_use_PrivateKey(context_.get(), certificate.key());
    auto listener = listen_on({"127.0.0.1", 0}, 16);
    if (!listener) throw std::runtime_error(listener.error().message);
    listener_ = std::move(*listener);
    port_ = local_address(listener_.get())->port;
  }

  std::uint16_t port() const { return port_; }
  bool try_accept() {
    if (socket_) return true;
    socket_ = FileDescriptor(accept_from(listener_.get(), 16 * 1024).fd);
    if (!socket_) return false;
    session_.reset(SSL_new(context_.get()));
    SSL_set_fd(session_.get(), socket_.get());
    SSL_set_accept_state(session_.get());
    return true;
  }
  // Accepts, shakes hands and reads, as far as it goes now.
  void pump() {
    if (!try_accept() || got_end || failed) return;
    char bytes[16 * 1024];
    for (;;) {
      ERR_clear_error();
      const int count = SSL_read(session_.get(), bytes, sizeof bytes);
      if (count > 0) {
        received.append(bytes, static_cast<std::size_t>(count));
        continue;
      }
      const int error = SSL_get_error(session_.get(), count);
      got_end = error == SSL_ERROR_ZERO_RETURN;
      failed = !got_end && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE;
      return;
    }
  }
  // How many bytes the kernel took.
  std::size_t write(std::string_view bytes) {
    ERR_clear_error();
    std::size_t count = 0;
    return SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count) == 1 ? count : 0;
  }
  void end() { SSL_shutdown(session_.get()); }
  void close() { socket_ = FileDescriptor(); }

  bool connected() const { return session_ != nullptr && SSL_is_init_finished(session_.get()) == 1; }
  SSL* session() { return session_.get(); }
  int fd() const { return socket_.get(); }
  std::string received;
  bool got_end = false;  // the client's close_notify
  bool failed = false;

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  FileDescriptor listener_;
  std::uint16_t port_ = 0;
  FileDescriptor socket_;
  std::unique_ptr<SSL, decltype(&SSL_free)> session_;
};

}  // namespace carillon::reactor

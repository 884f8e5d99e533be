#include "reactor/tls_server_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace carillon::reactor {
namespace {

TlsWire& wire_of(BIO* bio) { return *static_cast<TlsWire*>(BIO_get_data(bio)); }

int take_incoming(BIO* bio, char* into, std::size_t size, std::size_t* taken) {
  std::string_view& incoming = wire_of(bio).incoming;
  BIO_clear_retry_flags(bio);
  *taken = std::min(size, incoming.size());
  if (*taken == 0) {
    BIO_set_retry_read(bio);  // "would block": more may come
    return 0;
  }
  std::memcpy(into, incoming.data(), *taken);
  incoming.remove_prefix(*taken);
  return 1;
}

int add_produced(BIO* bio, const char* bytes, std::size_t size, std::size_t* taken) {
  BIO_clear_retry_flags(bio);
  wire_of(bio).produced.append(bytes, size);
  *taken = size;
  return 1;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const char* in_words(const char* reason) {
  // What a browser sends to http://host:8443 deserves a plainer word than OpenSSL's.
  return std::string_view(reason) == "http request" ? "plain HTTP was sent to an address with TLS" : reason;
}

SSL* make_session(const TlsContext& context, TlsWire& wire) {
  SSL* const session = SSL_new(context.native());
  if (session == nullptr) return nullptr;
  BIO_up_ref(wire.native());
  SSL_set_bio(session, wire.native(), wire.native());
  SSL_set_accept_state(session);
  return session;
}

}  // namespace

Result<std::unique_ptr<TlsWire>> TlsWire::create() {
  ERR_clear_error();
  std::unique_ptr<TlsWire> wire(new TlsWire);
  // Without a type of its own: OpenSSL has only 127 of them, and this one is never looked up.
  wire->method_ = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "wire");
  if (wire->method_ == nullptr || BIO_meth_set_read_ex(wire->method_, take_incoming) != 1 ||
      BIO_meth_set_write_ex(wire->method_, add_produced) != 1 ||
      BIO_meth_set_ctrl(wire->method_, control) != 1) {
    return failure(std::string("TLS: ") + take_openssl_error());
  }
  wire->bio_ = BIO_new(wire->method_);
  if (wire->bio_ == nullptr) return failure(std::string("TLS: ") + take_openssl_error());
  BIO_set_data(wire->bio_, wire.get());
  BIO_set_init(wire->bio_, 1);
  return wire;
}

TlsWire::~TlsWire() {
  BIO_free(bio_);
  BIO_meth_free(method_);
}

TlsServerSession::TlsServerSession(const TlsContext& context, TlsWire& wire)
    : session_(make_session(context, wire)), failed_(session_ == nullptr) {}

TlsServerSession::~TlsServerSession() { SSL_free(session_); }

TlsRead TlsServerSession::read(std::span<char> into) {
  if (failed_) return {TlsRead::State::failed, 0, "out of memory, or failed before"};
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_read_ex(session_, into.data(), into.size(), &count);  // shakes hands too
  open_ = open_ || SSL_is_init_finished(session_) == 1;
  if (result == 1) return {TlsRead::State::bytes, count};
  switch (SSL_get_error(session_, result)) {
    case SSL_ERROR_WANT_READ:
      return {};
    case SSL_ERROR_ZERO_RETURN:
      return {TlsRead::State::ended};
    default:
      failed_ = true;
      return {TlsRead::State::failed, 0, in_words(take_openssl_error())};
  }
}

bool TlsServerSession::write(std::string_view plaintext) {
  if (!open_ || failed_) return false;
  if (plaintext.empty()) return true;
  ERR_clear_error();
  std::size_t count = 0;
  if (SSL_write_ex(session_, plaintext.data(), plaintext.size(), &count) == 1) return true;
  ERR_clear_error();
  failed_ = true;
  return false;
}

void TlsServerSession::end() {
  if (!open_ || failed_) return;
  ERR_clear_error();
  SSL_shutdown(session_);
  ERR_clear_error();
}

bool TlsServerSession::was_resumed() const {
  return session_ != nullptr && SSL_session_reused(session_) == 1;
}

}  // namespace carillon::reactor

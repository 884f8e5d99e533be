#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "reactor/ticket_keys.h"

struct ssl_ctx_st;

namespace carillon::reactor {

// What is wrong with a server's certificate or key, and what to write instead.
struct TlsFault {
  enum class In { certificate, key };
  In in = In::certificate;
  std::string message;
};

// TlsContext: what TLS sessions share: certificates, versions, cipher suites and ticket keys (OpenSSL 3,
// TLS 1.2 and newer).
//
// Thread: any; immutable. Sessions on several threads may use one concurrently.
class TlsContext {
 public:
  // Reads the file, or the system's store when `ca_file` is empty. Blocks: do not call it on a loop.
  static Result<std::shared_ptr<const TlsContext>> for_clients(const std::string& ca_file);

  // Both arguments are PEM text: the certificate followed by its issuers, and its key without a passphrase.
  // TLS 1.2 with ECDHE and AEAD only, and 1.3; key exchange over X25519, P-256 and P-384 only; no
  // renegotiation, no compression, no early data. Sessions are resumed by tickets only (RFC 5077,
  // RFC 8446 4.6.1), so that any thread can resume them, and every context with the same `tickets`. ALPN:
  // "http/1.1"; a client that offers only other protocols is refused (RFC 7301 3.2).
  static Result<std::shared_ptr<const TlsContext>, TlsFault> for_servers(
      std::string_view certificate_pem, std::string_view key_pem, std::shared_ptr<const TicketKeys> tickets);

  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}  // takes it over
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();
  ssl_ctx_st* native() const { return context_; }

 private:
  ssl_ctx_st* const context_;
};

// Returns the newest of this thread's OpenSSL errors in words (a literal), and clears all of them.
const char* take_openssl_error();

}  // namespace carillon::reactor

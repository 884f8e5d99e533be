#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "reactor/tls_context.h"

struct bio_method_st;
struct bio_st;
struct ssl_st;

namespace carillon::reactor {

// A record's plaintext is at most this long (RFC 8446 5.1): the buffer given to read() has that size.
inline constexpr std::size_t kTlsPlaintextMax = 16 * 1024;

// TlsWire: the buffers through which all TLS sessions of a thread receive and produce ciphertext.
class TlsWire {
 public:
  static Result<std::unique_ptr<TlsWire>> create();
  TlsWire(const TlsWire&) = delete;
  TlsWire& operator=(const TlsWire&) = delete;
  ~TlsWire();

  std::string_view incoming;  // ciphertext for the next call of a session, which consumes it from the front
  std::string produced;       // ciphertext from the last call of a session; the caller empties it

  bio_st* native() const { return bio_; }

 private:
  TlsWire() = default;

  bio_method_st* method_ = nullptr;
  bio_st* bio_ = nullptr;  // shared: a BIO per session would cost 200 bytes each
};

// The result of reading plaintext.
struct TlsRead {
  enum class State {
    bytes,
    nothing_now,  // all of `incoming` was consumed
    ended,        // close_notify: the peer sends nothing more
    failed        // `why` has the reason; `produced` may have an alert for the peer
  };
  State state = State::nothing_now;
  std::size_t count = 0;
  const char* why = "";  // a literal
};

// TlsServerSession: the server's side of one TLS connection, as a codec without I/O.
//
// An idle session holds no buffers: before each call the owner puts the bytes from the socket into the
// TlsWire, and afterwards takes the bytes to send from it. Writing never blocks, so nothing has to be retried
// and the order of bytes never changes.
//
// Thread: one for a wire and all of its sessions. The wire outlives its sessions.
// Source: RFC 8446 (TLS 1.3), RFC 5246 (1.2).
class TlsServerSession {
 public:
  // When there is no memory, the session has failed from the start.
  TlsServerSession(const TlsContext& context, TlsWire& wire);
  TlsServerSession(const TlsServerSession&) = delete;
  TlsServerSession& operator=(const TlsServerSession&) = delete;
  ~TlsServerSession();

  // Reads the plaintext of at most one record from the wire, and performs the handshake if necessary. Call it
  // until it returns `nothing_now`. `into` has kTlsPlaintextMax bytes.
  TlsRead read(std::span<char> into);
  // Encrypts all of it, in records of 16 KiB. Returns false when the session is not open or has failed.
  [[nodiscard]] bool write(std::string_view plaintext);
  // Produces close_notify; nothing when there was no handshake.
  void end();

  bool is_open() const { return open_; }  // the handshake is done
  bool was_resumed() const;               // by a ticket

 private:
  ssl_st* const session_;
  bool open_ = false;
  bool failed_ = false;
};

}  // namespace carillon::reactor

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

// The buffers through which all TLS sessions of a thread take in ciphertext and give it out.
class TlsWire {
 public:
  static Result<std::unique_ptr<TlsWire>> create();
  TlsWire(const TlsWire&) = delete;
  TlsWire& operator=(const TlsWire&) = delete;
  ~TlsWire();

  std::string_view incoming;  // ciphertext for the session that is called next; it takes from the front
  std::string produced;       // ciphertext of the session that was called last; its owner empties it

  bio_st* native() const { return bio_; }

 private:
  TlsWire() = default;

  bio_method_st* method_ = nullptr;
  bio_st* bio_ = nullptr;  // one for all: an OpenSSL BIO of its own would cost each session 200 bytes
};

// The result of reading plaintext.
struct TlsRead {
  enum class State {
    bytes,
    nothing_now,  // all of `incoming` is taken
    ended,        // close_notify: the peer sends nothing more
    failed        // `why` has the reason; an alert for the peer may be among what was produced
  };
  State state = State::nothing_now;
  std::size_t count = 0;
  const char* why = "";  // lives for ever
};

// TlsServerSession: the server's side of one TLS connection, as a codec without I/O, and TlsWire, through
// which all sessions of a thread take ciphertext in and give it out.
//
// A session holds no buffers while it is idle: before each call its owner lays what came from the socket
// into the wire, and afterwards takes from there what has to be sent. Writing never waits: there is
// nothing to be tried again, and nothing overtakes anything.
//
// Thread: one for a wire and its sessions. A wire outlives its sessions.
// Source: RFC 8446 (TLS 1.3), RFC 5246 (1.2).
class TlsServerSession {
 public:
  // An empty one, failed from the start, when there is no memory.
  TlsServerSession(const TlsContext& context, TlsWire& wire);
  TlsServerSession(const TlsServerSession&) = delete;
  TlsServerSession& operator=(const TlsServerSession&) = delete;
  ~TlsServerSession();

  // Takes from the wire as far as one record's plaintext goes, shaking hands on the way: call it until it
  // has nothing now. `into` has kTlsPlaintextMax bytes.
  TlsRead read(std::span<char> into);
  // Encrypts all of it, a record for each 16 KiB; false when it cannot be sent: not open, or failed.
  [[nodiscard]] bool write(std::string_view plaintext);
  // close_notify; nothing where there was no handshake.
  void end();

  bool is_open() const { return open_; }  // the handshake is done
  bool was_resumed() const;               // by a ticket

 private:
  ssl_st* const session_;
  bool open_ = false;
  bool failed_ = false;
};

}  // namespace carillon::reactor

#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "reactor/tls_context.h"
#include "reactor/write_buffer.h"

struct bio_st;
struct ssl_st;

namespace carillon::reactor {

// TlsSession: TLS as a codec, without I/O: ciphertext in, plaintext out, and the reverse (OpenSSL 3,
// TLS 1.2 and up). Outgoing bytes are appended to a WriteBuffer and never wait inside OpenSSL, so there are
// no retry rules and the order of bytes never changes.
//
// The client's side; tls_server_session.h is the server's side.
//
// Thread: one.
class TlsSession {
 public:
  enum class State {
    handshaking,
    open,
    ended,   // the peer sends nothing more (close_notify)
    failed,  // failure_reason() has the reason; an alert for the peer may be among the outgoing bytes
  };

  // Makes a client's session. The server's certificate must be trusted and be valid for `server_name`, a host
  // name (also sent as SNI, RFC 6066 3) or a numeric address (RFC 6125, no partial wildcards).
  static Result<std::unique_ptr<TlsSession>> to_server(const TlsContext& context,
                                                       const std::string& server_name);
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;
  ~TlsSession();

  State state() const { return state_; }
  const std::string& failure_reason() const { return failure_reason_; }

  void start(WriteBuffer& outgoing);                              // the first flight
  void feed(std::string_view ciphertext, WriteBuffer& outgoing);  // then read() until it returns 0
  // Plaintext into `into`; 0 when there is none now, or when the state is no longer open.
  std::size_t read(std::span<char> into, WriteBuffer& outgoing);
  void write(std::string_view plaintext, WriteBuffer& outgoing);  // only when open
  void end(WriteBuffer& outgoing);                                // close_notify

 private:
  TlsSession(ssl_st* session, bio_st* incoming, bio_st* produced, std::string server_name);
  void advance_handshake();
  void fail();
  void take_produced(WriteBuffer& outgoing);

  ssl_st* const session_;
  bio_st* const incoming_;  // both belong to session_
  bio_st* const produced_;
  const std::string server_name_;
  State state_ = State::handshaking;
  std::string failure_reason_;
};

}  // namespace carillon::reactor

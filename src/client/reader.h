// Reader: decides which connection of a shard is read next, and passes its bytes to the right session. It
// removes the PROXY header and TLS, and visits paused connections again.
//
// Thread: the shard's.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "client/acceptor.h"
#include "client/clients.h"
#include "client/counters.h"
#include "client/http_sessions.h"
#include "client/sockets.h"
#include "client/stream_handler.h"
#include "reactor/loop.h"

namespace carillon::client {

class Reader final : private reactor::IoHandler {
 public:
  using Index = std::uint32_t;

  // The objects that it uses. All of them outlive the Reader.
  struct Parts {
    reactor::Loop& loop;
    Sockets& sockets;
    Clients& clients;
    Acceptor& acceptor;
    HttpSessions& http;
    StreamHandler& streams;
    ShardCounters& counters;
  };
  // Reads all sockets that `acceptor` accepts from now on.
  explicit Reader(const Parts& parts);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Visits connections with unread bytes until `slice` has passed. The others wait for the next turn, so that
  // events are sent in between. Call once per turn.
  void read_waiting(MonoClock::duration slice);
  // Lets the sessions of paused connections try again. Call once per turn, after the writes.
  void resume_paused();

  // Whether the connection has not reached HTTP yet: its PROXY header or TLS handshake is not complete.
  bool is_before_http(Index index);
  // Handles the deadline of such a connection.
  void on_deadline(Index index);

 private:
  void on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) override;
  void visit(Index index);
  bool read_once(Index index, std::size_t& bytes_left);
  void count_received(const Connection& connection, std::size_t bytes);
  void feed_unread(Index index);
  void on_bytes(Index index, std::span<char> bytes);
  void on_end_of_stream(Index index);

  void read_proxy_header(Index index, std::string_view bytes);
  void read_ciphertext(Index index, std::string_view ciphertext);
  void count_handshake(Index index);
  void on_tls_failure(Index index, std::string_view why);

  const Parts parts_;
  const reactor::Loop::HandlerId handler_;
  std::vector<char> receive_;  // one buffer for every connection's reads
};

}  // namespace carillon::client

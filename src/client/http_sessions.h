// HttpSessions: serves the connections of one shard while they speak HTTP. It reads heads and bodies. A
// request for an endpoint's path becomes a WebSocket or an event stream; any other request goes to the
// HttpHandler. Responses are sent in the order of their requests, and clients that are late or idle are
// closed.
//
// http_sessions.cc has the path of a request; http_answers.cc has the path of its response, and the
// deadlines.
//
// Thread: the shard's, except the responders that it gives to the HttpHandler.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "client/acceptor.h"
#include "client/client_id.h"
#include "client/clients.h"
#include "client/counters.h"
#include "client/http_handler.h"
#include "client/response_writer.h"
#include "client/shared.h"
#include "client/stream_handler.h"
#include "client/upgrade_judge.h"
#include "http/response.h"
#include "reactor/loop.h"

namespace carillon::client {

class HttpSessions {
 public:
  using Index = std::uint32_t;

  // All arguments outlive it, and it outlives the functions that it posts to the loop.
  HttpSessions(const Shared& shared, reactor::Loop& loop, Clients& clients, Acceptor& acceptor,
               StreamHandler& streams, ShardCounters& counters)
      : shared_(shared),
        loop_(loop),
        clients_(clients),
        acceptor_(acceptor),
        streams_(streams),
        counters_(counters),
        upgrades_(shared, counters) {}
  HttpSessions(const HttpSessions&) = delete;
  HttpSessions& operator=(const HttpSessions&) = delete;

  UpgradeJudge& upgrades() { return upgrades_; }
  // Judges again some of the upgrades that wait for a key set; upgrades().has_next() returns whether more are
  // left. Call once per turn.
  void judge_waiting();

  // Begins a visit of the Reader, which handles a limited number of requests.
  void begin_visit();
  // Handles the bytes of an HTTP connection: consecutive requests. Bytes that have to wait are kept, in
  // order. May close the client, or open it as a WebSocket.
  void on_bytes(Index index, std::string_view bytes);
  // The peer has closed its side. Outstanding responses are still sent.
  void on_end_of_stream(Index index);
  // A paused connection may have room in its outbox again.
  void resume(Index index) { send_answers(index); }
  // Handles the deadline of an HTTP connection: of the request being read, or of the oldest response.
  void on_deadline(Index index);

  // Sends the responses that responders were given on this thread since the last call. Call once per turn.
  void send_responded();
  bool has_responded() const { return !responded_.empty(); }

  // From now on each connection is closed after its last outstanding response.
  void begin_drain() { is_draining_ = true; }

 private:
  struct Responded {
    ClientId client;
    std::uint32_t request;
    http::Response response;
  };

  // http_sessions.cc
  void read_head(Index index, std::string_view& bytes);
  void read_body(Index index, std::string_view& bytes);
  void dispatch(Index index);
  void dispatch_upgrade(Index index, const protocol::Endpoint& endpoint);
  void judge_again(Index index);
  void dispatch_to_handler(Index index);
  void begin_body(Index index, std::size_t bytes_max);
  void hand_over(Index index);
  void refuse(Index index, RefusalReason reason, http::Response response, std::string_view detail);

  // http_answers.cc
  std::uint32_t begin_answer(Index index, std::size_t body_bytes);
  Responder responder_for(Index index, std::uint32_t request);
  void respond(const Responded& responded);
  void answer(Index index, std::uint32_t request, http::Response response);
  void send_answers(Index index);
  void note_if_idle(const Connection& connection);
  void read_on(Index index);
  void set_read_deadline(Index index, MonoClock::duration from_now);
  void schedule(Index index);
  void on_head_deadline(Index index);
  void on_body_deadline(Index index);

  const Shared& shared_;
  reactor::Loop& loop_;
  Clients& clients_;
  Acceptor& acceptor_;
  StreamHandler& streams_;
  ShardCounters& counters_;
  UpgradeJudge upgrades_;
  ResponseWriter responses_;
  std::vector<Responded> responded_;
  int visit_requests_left_ = 0;  // of the current visit
  bool is_draining_ = false;
};

}  // namespace carillon::client

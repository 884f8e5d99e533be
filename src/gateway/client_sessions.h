// ClientSessions: the open clients of one shard. It passes each to the session class of its transport:
// StreamSessions for WebSockets, EventStreams for Server-Sent Events and NDJSON. It has what they share: the
// subscriptions that wait for what they missed.
//
// Thread: the shard's.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "client/stream_handler.h"
#include "gateway/audiences.h"
#include "gateway/event_streams.h"
#include "gateway/open_clients.h"
#include "gateway/resumes.h"
#include "gateway/stream_sessions.h"

namespace carillon::gateway {

class ClientSessions final : public client::StreamHandler, public AudienceHost {
 public:
  using Index = std::uint32_t;

  // What it works with. All of it outlives the ClientSessions; `audiences`, of which it is the host, may be
  // constructed later.
  struct Parts {
    OpenClients::Parts open;
    client::Keepalive& keepalive;
    Audiences& audiences;
    websocket::Deflater& deflater;
    ResumeService* history;  // null: no subscription recovers anything
    BatchTaker* taker;       // where the history's answers go
  };
  explicit ClientSessions(const Parts& parts);
  ClientSessions(const ClientSessions&) = delete;
  ClientSessions& operator=(const ClientSessions&) = delete;

  void open(Index index, const protocol::Endpoint& endpoint, client::Upgrade upgrade) override;
  void on_bytes(Index index, std::span<char> bytes) override;
  void resume(Index index) override;
  std::string safe_position(Index index) override;
  void close_recipients(const protocol::Endpoint& endpoint, client::CloseReason why) override;
  void on_answers(std::vector<ResumeAnswer> answers) override;

  // Asks the history for what the subscriptions of this turn have missed. At the end of each turn, before
  // events are sent.
  void send_requests();
  bool has_requests() const { return resumes_.has_requests(); }

  // New settings are in use (OpenClients::count_by_new_limits).
  void count_by_new_limits() { open_clients_.count_by_new_limits(); }
  // An open client begins to close (ClientHandler::on_left).
  void on_left(Index index) { open_clients_.on_left(index); }
  // A connection of any kind is about to be free (ClientHandler::on_released).
  void on_released(Index index);
  // Frees what rates and decompression no longer need. A few times a second.
  void sweep(MonoTime now) { websockets_.sweep(now); }

 private:
  client::Clients& clients_;
  fanout::FanOut& fan_out_;
  const Audiences& audiences_;
  client::ShardCounters& counters_;
  Resumes resumes_;
  OpenClients open_clients_;
  StreamSessions websockets_;
  EventStreams event_streams_;
};

}  // namespace carillon::gateway

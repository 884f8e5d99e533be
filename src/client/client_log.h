// ClientLog: writes the log lines about the clients of one shard: the lines that an endpoint configures
// (connected, disconnected, ...), one line about each client that the gateway closes, and one about each
// request that it refuses. The latter two are sampled by IncidentLog.
//
// Thread: the shard's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "client/client_trace.h"
#include "client/connection.h"
#include "client/incident_log.h"
#include "client/shared.h"

namespace carillon::client {

class ClientLog {
 public:
  using Index = std::uint32_t;

  ClientLog(const ClientTrace::Parts& parts, ShardCounters& counters)
      : shared_(parts.shared),
        connections_(parts.connections),
        counters_(counters),
        trace_(parts),
        incidents_(shared_.log, redaction_of(*shared_.settings), counters.lines_suppressed) {}

  IncidentLog& incidents() { return incidents_; }
  ClientTrace& trace() { return trace_; }

  // Writes a line that the client's endpoint configures; nothing when `message` is empty.
  void write(Index index, LogLevel level, std::string_view message);
  // Writes the line about a client that is closed, unless its endpoint has a line of its own for `why`.
  // `last_bytes`: what the client is still sent.
  void on_close(Index index, CloseReason why, std::string_view last_bytes, MonoTime now);
  // Counts a refused request under one reason and logs it. `status` 0: no answer is sent.
  void on_refusal(const HttpExchange& exchange, RefusalReason reason, int status, std::string_view detail,
                  MonoTime now);

 private:
  const protocol::Endpoint& endpoint_of(Index index) const {
    return shared_.endpoints[connections_[index].endpoint];
  }

  const Shared& shared_;
  const ConnectionTable& connections_;
  ShardCounters& counters_;
  ClientTrace trace_;
  IncidentLog incidents_;
};

}  // namespace carillon::client

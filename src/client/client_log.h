// ClientLog: writes the log lines about the clients of one shard: the lines that an endpoint configures
// (connected, disconnected, ...), one line about each client that the gateway closes, and one about each
// request that it refuses. The latter two are sampled by IncidentLog.
//
// Thread: the shard's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "client/connection.h"
#include "client/incident_log.h"
#include "client/shared.h"

namespace carillon::client {

class ClientLog {
 public:
  using Index = std::uint32_t;

  // `shard`: the shard's number, which makes connection ids unique within the process.
  ClientLog(const Shared& shared, const ConnectionTable& connections, ShardCounters& counters,
            std::uint32_t shard)
      : shared_(shared),
        connections_(connections),
        counters_(counters),
        shard_(shard),
        incidents_(shared.log, redaction_of(*shared.settings), counters.lines_suppressed) {}

  IncidentLog& incidents() { return incidents_; }

  // The name of a connection in log lines. No other connection of this process has the same one.
  std::string connection_id(Index index) const;

  // Writes a line that the client's endpoint configures; nothing when `message` is empty.
  void write(Index index, LogLevel level, std::string_view message);
  // Writes the line about a client that is closed, unless its endpoint has a line of its own for `why`.
  void on_close(Index index, CloseReason why, MonoTime now);
  // Counts a refused request under one reason and logs it. `status` 0: no answer is sent.
  void on_refusal(const HttpExchange& exchange, RefusalReason reason, int status, std::string_view detail,
                  MonoTime now);

 private:
  ByReason<RefusalReason>& refusals_at(std::string_view raw_path);
  const protocol::Endpoint& endpoint_of(Index index) const {
    return shared_.endpoints[connections_[index].endpoint];
  }

  const Shared& shared_;
  const ConnectionTable& connections_;
  ShardCounters& counters_;
  const std::uint32_t shard_;
  IncidentLog incidents_;
};

}  // namespace carillon::client

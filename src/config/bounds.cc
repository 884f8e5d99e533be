#include "config/bounds.h"

#include <array>

#include "config/text.h"

namespace carillon::config {
namespace {

// Refused: `carillon check` and `carillon serve` say what to write. Warned of: the file is taken. "The
// smaller one holds": both are asked, and neither is in vain.
constexpr std::array kPairs{
    BoundPair{"server.head_bytes_max", "server.request_line_bytes_max",
              "The head holds the request line: a smaller head is refused."},
    BoundPair{"server.token_bytes_max", "server.request_line_bytes_max",
              "Where tokens come in the query only, one that does not fit in the request line is refused."},
    BoundPair{"server.token_bytes_max", "server.head_bytes_max",
              "Where tokens come in a header, one that does not fit in the head is refused."},
    BoundPair{"api.keys", "server.head_bytes_max",
              "A key of the API or of a route that does not fit in the head is refused."},
    BoundPair{"auth.api_keys", "server.request_line_bytes_max",
              "A key that does not fit where the endpoint looks for it is refused."},
    BoundPair{"server.body_bytes_max", "bus.event_bytes_max",
              "The smaller one holds for an event that comes over HTTP; the bus may bring longer ones than a "
              "body."},
    BoundPair{
        "api.batch_max", "server.body_bytes_max",
        "The smaller one holds: a batch ends at so many events or at so many bytes. What one body holds, the "
        "bus takes as a whole: what may wait for it is derived from both."},
    BoundPair{"server.bodies_bytes_max", "server.body_bytes_max",
              "Memory for all bodies under one body is refused: such a body would always be answered 503."},
    BoundPair{"bus.event_bytes_max", "server.inbox_bytes_max",
              "Neither bounds the other: an event longer than an inbox passes when nothing waits before it."},
    BoundPair{
        "server.drain", "server.drain_rate",
        "The shorter one holds: a shutdown closes drain_rate clients a second, and more where they do not "
        "fit into drain."},
    BoundPair{"bus.operation_timeout", "server.http_idle_timeout",
              "Neither bounds the other: a request whose event waits for the bus is given "
              "bus.operation_timeout and "
              "25 s more for its answer."},
    BoundPair{"bus.backoff_min", "bus.backoff_max", "A minimum over the maximum is refused."},
    BoundPair{"inbound.message_bytes_max", "bus.event_bytes_max",
              "With client_publish, messages that may be longer than an event are warned of: the bus refuses "
              "theirs."},
    BoundPair{"keepalive.timeout", "keepalive.ping",
              "A timeout under the interval is refused: clients that were not asked yet would be dropped."},
    BoundPair{
        "inbound.control_burst", "inbound.control_rate",
        "Neither bounds the other: so many pings and pongs may come at once, so many a second over time."},
    BoundPair{"limits.connections", "server.connections_max",
              "A limit of an endpoint over the process's is warned of: it is never reached."},
    BoundPair{"limits.connections_per_ip", "limits.connections",
              "A limit of one address over the endpoint's is warned of: it is never reached."},
    BoundPair{"limits.connections_per_user", "limits.connections",
              "A limit of one user over the endpoint's is warned of: it is never reached."},
    BoundPair{"limits.channels", "server.channels_max",
              "A limit of one connection over the shard's is warned of: it is never reached."},
    BoundPair{
        "select.otherwise", "limits.channels",
        "More default values than a client may select are refused: one that lists nothing would get 400."},
    BoundPair{"server.http_connections_per_ip", "server.http_connections_max",
              "A limit of one address over the process's is warned of: it is never reached."},
    BoundPair{
        "bus.event_bytes_max", "lag.bytes_max",
        "Neither bounds the other: an event longer than lag.bytes_max is delivered, since only a client that "
        "stays so far behind for lag.grace is slow."},
    BoundPair{"bus.event_bytes_max", "server.backlog_bytes_max",
              "A budget under one event is refused: such an event would close every connection."},
    BoundPair{"lag.bytes_max", "server.backlog_bytes_max",
              "A limit of one client over the budget of all is warned of: it is never reached."},
    BoundPair{"server.send_buffer_bytes", "server.notsent_low_water_bytes",
              "A mark over the buffer is warned of: it is never reached."},
};

}  // namespace

std::span<const BoundPair> bound_pairs() { return kPairs; }

std::string bounds_section() {
  std::string out =
      "\n## Settings that bound the same thing\n\n"
      "`carillon check` and `carillon serve` judge alike. A refusal says what to write instead.\n\n"
      "| setting | and | what holds |\n|---|---|---|\n";
  for (const BoundPair& pair : kPairs) {
    out += cat({"| `", pair.first, "` | `", pair.second, "` | ", pair.rule, " |\n"});
  }
  return out;
}

}  // namespace carillon::config

#include "config/bounds.h"

#include <array>

#include "config/text.h"

namespace carillon::config {
namespace {

// Refused: `carillon check` and `carillon serve` print what to write. Warning: the file is accepted. "The
// smaller one applies": both are checked.
constexpr std::array kPairs{
    BoundPair{"server.head_bytes_max", "server.request_line_bytes_max",
              "The head contains the request line: a smaller head is refused."},
    BoundPair{
        "server.token_bytes_max", "server.request_line_bytes_max",
        "When tokens are only in the query, a token limit that does not fit in the request line is refused."},
    BoundPair{"server.token_bytes_max", "server.head_bytes_max",
              "When tokens are in a header, a token limit that does not fit in the head is refused."},
    BoundPair{"api.keys", "server.head_bytes_max",
              "A key of the API or of a route that does not fit in the head is refused."},
    BoundPair{"auth.api_keys", "server.request_line_bytes_max",
              "A key that does not fit where the endpoint looks for it is refused."},
    BoundPair{
        "server.body_bytes_max", "bus.event_bytes_max",
        "The smaller one applies to an event published over HTTP; events from the bus may be longer than a "
        "body."},
    BoundPair{"api.batch_max", "server.body_bytes_max",
              "The smaller one applies: a batch is limited in events and in bytes. "
              "The bus accepts what one body holds as a whole; its queue limit is derived from both."},
    BoundPair{"server.bodies_bytes_max", "server.body_bytes_max",
              "Memory for all bodies under one body is refused: such a body would always be answered 503."},
    BoundPair{"bus.event_bytes_max", "server.inbox_bytes_max",
              "Neither limits the other: an event longer than an inbox is accepted when the inbox is empty."},
    BoundPair{"server.drain", "server.drain_rate",
              "Both apply: a shutdown closes drain_rate clients per second, and more when they would not all "
              "fit into "
              "drain."},
    BoundPair{"server.drain_delay", "server.drain",
              "One follows the other: a shutdown takes at most drain_delay + drain + 2 s."},
    BoundPair{"bus.operation_timeout", "server.http_idle_timeout",
              "Neither limits the other: a request whose event waits for the bus gets "
              "bus.operation_timeout and "
              "25 s more for its answer."},
    BoundPair{"bus.backoff_min", "bus.backoff_max", "A minimum over the maximum is refused."},
    BoundPair{
        "inbound.message_bytes_max", "bus.event_bytes_max",
        "With client_publish, messages that may be longer than an event cause a warning: the bus refuses "
        "such events."},
    BoundPair{"keepalive.timeout", "keepalive.ping",
              "A timeout under the interval is refused: clients that were not pinged yet would be closed."},
    BoundPair{"inbound.control_burst", "inbound.control_rate",
              "Neither limits the other: the burst limits pings and pongs at once, the rate over time."},
    BoundPair{"limits.connections", "server.connections_max",
              "A limit of an endpoint over the process's causes a warning: it is never reached."},
    BoundPair{"limits.connections_per_ip", "limits.connections",
              "A limit of one address over the endpoint's causes a warning: it is never reached."},
    BoundPair{"limits.connections_per_user", "limits.connections",
              "A limit of one user over the endpoint's causes a warning: it is never reached."},
    BoundPair{"limits.channels", "server.channels_max",
              "A limit of one connection over the shard's causes a warning: it is never reached."},
    BoundPair{"select.otherwise", "limits.channels",
              "More default values than a client may select are refused: a client that lists nothing would "
              "get 400."},
    BoundPair{"server.http_connections_per_ip", "server.http_connections_max",
              "A limit of one address over the process's causes a warning: it is never reached."},
    BoundPair{
        "bus.event_bytes_max", "lag.bytes_max",
        "Neither bounds the other: an event longer than lag.bytes_max is delivered, since only a client that "
        "stays so far behind for lag.grace is slow."},
    BoundPair{"bus.event_bytes_max", "server.backlog_bytes_max",
              "A budget under one event is refused: such an event would close every connection."},
    BoundPair{"lag.bytes_max", "server.backlog_bytes_max",
              "A limit of one client over the budget of all causes a warning: it is never reached."},
    BoundPair{"server.send_buffer_bytes", "server.notsent_low_water_bytes",
              "A mark over the buffer causes a warning: it is never reached."},
};

}  // namespace

std::span<const BoundPair> bound_pairs() { return kPairs; }

std::string bounds_section() {
  std::string out =
      "\n## Settings that bound the same thing\n\n"
      "`carillon check` and `carillon serve` accept and refuse the same values. The error states what to "
      "write "
      "instead.\n\n"
      "| setting | and | what holds |\n|---|---|---|\n";
  for (const BoundPair& pair : kPairs) {
    out += cat({"| `", pair.first, "` | `", pair.second, "` | ", pair.rule, " |\n"});
  }
  return out;
}

}  // namespace carillon::config

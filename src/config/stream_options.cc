// Every option of an endpoint for clients that are not WebSockets: transports, channels of a stream, CORS.
#include "config/options.h"
#include "config/stream_kinds.h"

namespace carillon::config {

using std::chrono::hours;

std::vector<Option> stream_options(EndpointSettings& e) {
  const TextKind text{"text", "\"try again later\"", 256, nullptr};
  return {
      at_restart(
          option("transports", TransportsKind{}, e.streams.transports,
                 "how clients may receive events: as WebSockets, as Server-Sent Events (a GET with Accept: "
                 "text/event-stream), as newline-delimited JSON (Accept: application/x-ndjson). A request "
                 "that asks for "
                 "none of the list gets its first, if that is a stream")),
      at_restart(
          option("select.streams", QueryParameterKind{}, e.streams.channels,
                 "with select.by = \"commands\": the query parameter in which a client of Server-Sent "
                 "Events or NDJSON, which cannot send commands, lists its channels, separated by commas")),
      option(
          "keepalive.stream", OptionalDurationKind{{milliseconds(10), hours(24)}}, e.keepalive.stream,
          "interval between the heartbeats of Server-Sent Events (a comment, or the position) and NDJSON (an "
          "empty line); a client whose system acknowledges none within twice this time is closed"),
      option("sse.retry", DurationKind{milliseconds(1), hours(1)}, e.streams.sse_retry,
             "how long a browser's EventSource waits before it reconnects (the field retry:)"),
      option("cors.credentials", SwitchKind{}, e.streams.cors_credentials,
             "whether pages of the origins may request streams with cookies or HTTP authentication "
             "(Access-Control-Allow-Credentials)"),
      option("refusals.channel", text, e.refusals.channel,
             "message of a stream refused because its token does not permit one of its channels (403)"),
      option("refusals.stream_body", text, e.refusals.stream_body,
             "message of a stream refused because its request has a body (400)"),
      option("refusals.no_websocket", text, e.refusals.no_websocket,
             "message of an upgrade refused because transports has no \"websocket\" (400)"),
  };
}

}  // namespace carillon::config

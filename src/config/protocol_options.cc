// Every option of an endpoint that shapes its dialect: events, frames, commands, errors, keepalive, and what
// a client may send. The default is what the field begins with in settings.h.
#include <iterator>

#include "config/auth_kinds.h"
#include "config/options.h"
#include "config/protocol_kinds.h"
#include "config/text_checks.h"
#include "config/value_kinds.h"
#include "event/channel_name.h"
#include "json/template.h"

namespace carillon::config {
namespace {

using std::chrono::hours;

constexpr std::uint64_t kGiB = 1024 * 1024 * 1024;
constexpr std::size_t kCommandBytesMax = 64;
constexpr std::size_t kMessageBytesMax = 256;

constexpr TextKind kPointer{"JSON Pointer", "\"/type\"", 256, check_pointer};
constexpr TextKind kPattern{"channel pattern", "\"news.*\"", kChannelNameBytesMax, check_channel_pattern};
constexpr TextKind kWord{"text", "\"subscribe\"", kCommandBytesMax, nullptr};
constexpr TextKind kText{"text", "\"The message format is invalid\"", kMessageBytesMax, nullptr};
constexpr TextKind kReply{"template", R"('{"type":"pong","timestamp":$time_s}')", json::kTemplateBytesMax,
                          check_reply_template};
constexpr std::string_view kReplyHelp =
    "JSON with $request, $request/pointer, $channel, $subject, $time_s, $time_ms";

std::vector<Option> source_options(SourceSettings& s) {
  return {
      option("source.channels", TextListKind{kPattern, 256}, s.channels,
             "channels of the bus that it serves, each with at most one *"),
      option("source.broadcast", TextListKind{kPattern, 256}, s.broadcast,
             "with select.by = \"commands\": channels whose events go to every client, subscribed or not"),
      option("source.require", RequirementsKind{}, s.require,
             "what an event's body must have; others are dropped and counted"),
      option("source.not_json", WordKind<BadBody>{{{"drop", BadBody::drop}, {"quote", BadBody::quote}}},
             s.not_json,
             "a body that is text but not JSON: \"drop\" it (counted), or \"quote\" it as a JSON string"),
      option("source.on_gap", WordKind<OnGap>{{{"stay", OnGap::stay}, {"close", OnGap::close}}}, s.on_gap,
             "the bus was away and may have lost events: clients \"stay\" (it is counted, logged and in"
             " /health), or \"close\" tells each with 1013, so that it can ask elsewhere what it missed"),
  };
}

std::vector<Option> select_options(SelectSettings& s) {
  const TextKind value{"value", "\"now_playing\"", kChannelNameBytesMax, nullptr};
  return {
      option("select.by", SelectKind{}, s,
             "which events a client hears: all; those that a parameter of its query lists, separated by"
             " commas; or those of the channels that it subscribes to"),
      option("select.value", TextKind{"\"*\" or JSON Pointer", "\"/streamId\"", 256, check_selected_value},
             s.value,
             "what the list is compared with: what the channel's star matched, or a string, number or"
             " boolean in the body, by its text"),
      option("select.known", TextListKind{value, kSelectValuesMax}, s.known,
             "the only values there are; a client's others are ignored. Empty: any value"),
      option("select.otherwise", TextListKind{value, kSelectValuesMax}, s.otherwise,
             "what a client hears that lists nothing; \"*\" alone is everything"),
      option("select.sets_max", NumberKind{1, 64}, s.sets_max,
             "distinct lists of known values that are served from a log of their own; clients with further"
             " ones share one, and each event is looked at for each of them"),
  };
}

std::vector<Option> command_options(CommandSettings& c, const std::string_view of_channel) {
  return {
      option("commands.name", kPointer, c.name,
             "where a client's message says which command it is; empty: there are no commands"),
      option("commands.require", RequirementsKind{}, c.require, "what every command must have"),
      option("commands.subscribe.is", kWord, c.subscribe.is, "the name of the command that subscribes"),
      option("commands.subscribe.channel", kPointer, c.subscribe.channel, of_channel),
      option("commands.subscribe.reply", kReply, c.subscribe.reply, kReplyHelp),
      option("commands.unsubscribe.is", kWord, c.unsubscribe.is, "the name of the command that unsubscribes"),
      option("commands.unsubscribe.channel", kPointer, c.unsubscribe.channel, of_channel),
      option("commands.unsubscribe.reply", kReply, c.unsubscribe.reply, kReplyHelp),
      option("commands.ping.is", kWord, c.ping.is, "the name of the command that is answered at once"),
      option("commands.ping.reply", kReply, c.ping.reply, kReplyHelp),
  };
}

std::vector<Option> publish_options(EndpointSettings& e) {
  auto& publish = e.commands.publish;
  return {
      option("commands.publish.is", kWord, publish.is, "the name of the command that publishes an event"),
      option("commands.publish.require", RequirementsKind{}, publish.require, "what that command must have"),
      option("commands.publish.channel", kPointer, publish.channel,
             "what takes the place of the star in commands.publish.to: a string"),
      option("commands.publish.to",
             TextKind{"channel pattern", "\"chat.*\"", kChannelNameBytesMax, check_optional_channel_pattern},
             publish.to, "channel of the bus that the event goes to"),
      option("commands.publish.body", kReply, publish.body, "the event: JSON like that of a reply"),
      option("acks", SwitchKind{}, e.acks, "are subscribe and unsubscribe answered with their replies"),
      option("client_publish", SwitchKind{}, e.client_publish,
             "is commands.publish open; closed it is a command that nobody knows"),
  };
}

std::vector<Option> frame_options(EndpointSettings& e) {
  return {
      option("frames.event",
             TextKind{"template", R"('{"channel":$channel,"payload":$body,"timestamp":$time_s}')",
                      json::kTemplateBytesMax, check_event_template},
             e.frames.event,
             "an event's frame: JSON with $channel, $*, $body, $body/pointer, $time_s, $time_ms"),
      option("frames.error",
             TextKind{"template", R"('{"error":$code,"message":$message}')", json::kTemplateBytesMax,
                      check_reply_template},
             e.frames.error, "what a client is told that did something wrong; empty: nothing"),
      option("frames.ping",
             TextKind{"template", R"('{"type":"ping"}')", json::kTemplateBytesMax, check_time_template},
             e.frames.ping, "the text frame of keepalive.frame"),
  };
}

std::vector<Option> error_options(ErrorSettings& e) {
  return {
      option("errors.invalid_request.code", kWord, e.invalid_request.code, "no JSON, or no command"),
      option("errors.invalid_request.message", kText, e.invalid_request.message, "its text"),
      option("errors.unauthorized.code", kWord, e.unauthorized.code, "the token does not permit it"),
      option("errors.unauthorized.message", kText, e.unauthorized.message, "its text"),
      option("errors.subscription_failed.code", kWord, e.subscription_failed.code, "no such channel can be"),
      option("errors.subscription_failed.message", kText, e.subscription_failed.message, "its text"),
      option("errors.internal_error.code", kWord, e.internal_error.code, "the bus did not take it"),
      option("errors.internal_error.message", kText, e.internal_error.message, "its text"),
      option("errors.rate_limited.code", kWord, e.rate_limited.code, "over inbound.rate"),
      option("errors.rate_limited.message", kText, e.rate_limited.message, "its text"),
  };
}

std::vector<Option> keepalive_options(EndpointSettings& e) {
  const DurationKind beat{milliseconds(10), hours(24)};
  return {
      option("keepalive.ping", OptionalDurationKind{beat}, e.keepalive.ping, "between two Ping frames"),
      option("keepalive.timeout", OptionalDurationKind{beat}, e.keepalive.timeout,
             "a client that has answered no ping for so long is dropped"),
      option("keepalive.data_counts", SwitchKind{}, e.keepalive.data_counts,
             "does any frame push that deadline, or only a pong"),
      option("keepalive.drop_unanswered", SwitchKind{}, e.keepalive.drop_unanswered,
             "is a client dropped that has not answered the last ping by the next"),
      option("keepalive.frame", OptionalDurationKind{beat}, e.keepalive.frame,
             "between two frames.ping, which nobody need answer"),
  };
}

std::vector<Option> rate_options(RateSettings& r) {
  return {
      option("inbound.rate.messages", LimitKind{10'000}, r.messages,
             "most text and binary messages of one client in the window"),
      option("inbound.rate.window", DurationKind{milliseconds(10), hours(1)}, r.window, "that window"),
      option("inbound.rate.kind",
             WordKind<RateWindow>{{{"fixed", RateWindow::fixed}, {"sliding", RateWindow::sliding}}}, r.kind,
             "\"fixed\": begins with the connection, and anew with the first message after its end;"
             " \"sliding\": any stretch of that length"),
      option("inbound.rate.over",
             WordKind<OverRate>{{{"close", OverRate::close}, {"error", OverRate::error}}}, r.over,
             "one too many: \"close\", or \"error\": it is ignored and frames.error says so"),
      option("inbound.rate.close_code", CloseCodeKind{}, r.close_code,
             "close code of a client over the rate"),
      option("inbound.rate.close_reason",
             TextKind{"text", "\"Rate limit exceeded\"", kCloseReasonBytesMax, check_close_reason},
             r.close_reason, "and its reason"),
  };
}

std::vector<Option> inbound_options(EndpointSettings& e) {
  return {
      option(
          "inbound.message_bytes_max", SizeLimitKind{{1, kGiB}}, e.inbound.message_bytes_max,
          "longest message of a client; longer is closed with 1009. \"off\" only where messages are ignored"),
      option("inbound.too_large_reason",
             TextKind{"text", "\"Message too large\"", kCloseReasonBytesMax, check_close_reason},
             e.inbound.too_large_reason, "reason of that close"),
      option("inbound.fragments_max", LimitKind{16'777'216}, e.inbound.fragments_max,
             "most frames that one message may come in. \"off\" only where messages are ignored"),
      option("inbound.reply",
             WordKind<InboundReply>{{{"none", InboundReply::none}, {"echo", InboundReply::echo}}},
             e.inbound.reply, "\"echo\" sends every message back; \"none\" ignores it, but for commands"),
      option("inbound.control_rate", LimitKind{1'000'000}, e.inbound.control_rate,
             "most pings and pongs of one client a second; one too many closes with 1008"),
      option("inbound.control_burst", NumberKind{1, 1'000'000}, e.inbound.control_burst,
             "most of them at once"),
      option("inbound.control_reason",
             TextKind{"text", "\"Too many control frames\"", kCloseReasonBytesMax, check_close_reason},
             e.inbound.control_reason, "reason of that close"),
  };
}

std::vector<Option> log_options(ClientLogSettings& l) {
  const TextKind line{"text", "\"client connected\"", kMessageBytesMax, check_log_message};
  return {
      option("log.connected", line, l.connected,
             "message of the log line about a new client, with connectionId and total; empty: no line"),
      option("log.disconnected", line, l.disconnected, "likewise when it has gone; total is without it"),
      option("log.too_large", line, l.too_large, "likewise for a message over its limit, with bytes and max"),
      option("log.rate_exceeded", line, l.rate_exceeded,
             "likewise for a client over inbound.rate, with count and windowMs"),
      option("log.unresponsive", line, l.unresponsive, "likewise for one that answers no pings"),
  };
}

}  // namespace

std::vector<Option> protocol_options(EndpointSettings& e) {
  std::vector<Option> all;
  for (auto group :
       {source_options(e.source), select_options(e.select), keepalive_options(e), frame_options(e),
        command_options(e.commands, "where its channel stands: a string"), publish_options(e),
        error_options(e.errors), inbound_options(e), rate_options(e.inbound.rate), log_options(e.log)}) {
    all.insert(all.end(), std::make_move_iterator(group.begin()), std::make_move_iterator(group.end()));
  }
  return all;
}

}  // namespace carillon::config

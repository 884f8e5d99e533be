// Every option of an endpoint that shapes its protocol: events, frames, commands, errors, keepalive, and what
// a client may send. The default is what the field begins with in settings.h.
#include <iterator>

#include "config/auth_kinds.h"
#include "config/history_kind.h"
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
constexpr JsonWordKind kWord{"\"subscribe\"", kCommandBytesMax};
constexpr TextKind kText{"text", "\"The message format is invalid\"", kMessageBytesMax, nullptr};
constexpr TextKind kReply{"template", R"('{"type":"pong","timestamp":$time_s}')", json::kTemplateBytesMax,
                          check_reply_template};
constexpr std::string_view kReplyHelp =
    "reply: JSON with the variables $request, $request/pointer, $channel, $subject, and the time ($time_s, "
    "$time_ms, $time_unix_s, $time_unix_ms)";
constexpr std::string_view kSubscribedHelp =
    "reply: JSON with the variables $request, $request/pointer, $channel, $subject, $position, $recovered "
    "(whether everything after the requested position follows), $reason (why not), $events (an array with "
    "the "
    "missed events, as many as commands.history.bytes_max allows; the rest follow as events), and the time "
    "($time_s, $time_ms, $time_unix_s, $time_unix_ms)";
constexpr std::string_view kHistoryHelp =
    "reply: JSON with the variables of commands.subscribe.reply, of which $events are the retained events, "
    "$recovered says whether none is missing between them, $position is that of the last one, and $more "
    "(whether there are others, which a limit leaves out)";

std::vector<Option> source_options(SourceSettings& s) {
  return at_restart(std::vector<Option>{
      option("source.channels", TextListKind{kPattern, 256}, s.channels,
             "bus channels whose events the endpoint relays, each with at most one *"),
      option(
          "source.broadcast", TextListKind{kPattern, 256}, s.broadcast,
          "with select.by = \"commands\": bus channels whose events go to every client, subscribed or not"),
      option("source.require", RequirementsKind{}, s.require,
             "members that an event's body must have; other events are dropped and counted"),
      option("source.not_json", WordKind<BadBody>{{{"drop", BadBody::drop}, {"quote", BadBody::quote}}},
             s.not_json,
             "a body that is text but not JSON: \"drop\" it (counted), or \"quote\" it as a JSON string"),
      option("source.on_gap",
             WordKind<OnGap>{{{"auto", OnGap::automatic},
                              {"report", OnGap::report},
                              {"stay", OnGap::stay},
                              {"close", OnGap::close}}},
             s.on_gap,
             "when the bus was disconnected and may have lost events: \"report\" sends frames.gap to each "
             "client, \"close\" closes each with source.gap_code, so that it can fetch what it missed "
             "elsewhere, and clients \"stay\" connected and are not told (the gap is counted, logged and "
             "shown in /health); \"auto\": \"report\" with frames.gap, otherwise \"stay\""),
      option("source.gap_code", CloseCodeKind{}, s.gap.code,
             "close code for a client that would miss events: the bus may have lost some, or the server "
             "could not keep up"),
      option("source.gap_reason", close_reason_kind("\"Events lost\""), s.gap.reason,
             "close reason that goes with source.gap_code"),
  });
}

std::vector<Option> select_options(SelectSettings& s) {
  const TextKind value{"value", "\"now_playing\"", kChannelNameBytesMax, nullptr};
  return at_restart(std::vector<Option>{
      option("select.by", SelectKind{}, s,
             "which events a client receives: all; those listed in a query parameter, separated by commas; "
             "those listed in a claim of its token, a string or an array of strings; the "
             "one that the segment {NAME} of its path names; "
             "or those of the channels that it subscribes to by command"),
      option("select.value", TextKind{"\"*\" or JSON Pointer", "\"/streamId\"", 256, check_selected_value},
             s.value,
             "the value of an event that the list selects: the part of the channel that * matched, or a "
             "string, number or boolean in the body, compared as text"),
      option("select.known", SelectedValuesKind{{value, kSelectValuesMax}}, s.known,
             "the known values; other values in a client's list are ignored. Empty: any value"),
      option("select.otherwise", SelectedValuesKind{{value, kSelectValuesMax}}, s.otherwise,
             "values selected for a client that lists nothing; \"*\" alone is every event"),
      option("select.sets_max", NumberKind{1, 64}, s.sets_max,
             "maximum number of distinct selections that get an event log of their own; clients with other "
             "selections share one log, in which each event is checked for each of them"),
  });
}

std::vector<Option> command_options(CommandSettings& c, const std::string_view of_channel) {
  return {
      option("commands.name", kPointer, c.name,
             "position of the command's name in a client's message; empty: there are no commands"),
      option("commands.require", RequirementsKind{}, c.require, "members that every command must have"),
      option("commands.subscribe.is", kWord, c.subscribe.is, "name of the subscribe command"),
      option("commands.subscribe.channel", kPointer, c.subscribe.channel, of_channel),
      option("commands.subscribe.reply", kReply, c.subscribe.reply, kSubscribedHelp),
      at_restart(option("commands.subscribe.position", kPointer, c.position,
                        "position, in the subscribe command, of the position that the client has: the events "
                        "after it are sent first; empty: none")),
      at_restart(
          option("commands.subscribe.last", kPointer, c.last,
                 "position, in the subscribe command, of a number: so many of the channel's last events "
                 "are sent first; empty: none")),
      option("commands.unsubscribe.is", kWord, c.unsubscribe.is, "name of the unsubscribe command"),
      option("commands.unsubscribe.channel", kPointer, c.unsubscribe.channel, of_channel),
      option("commands.unsubscribe.reply", kReply, c.unsubscribe.reply, kReplyHelp),
      option(
          "commands.channel_type",
          WordKind<ChannelForm>{{{"string", ChannelForm::string}, {"array", ChannelForm::array}}},
          c.channel_form,
          "what stands at commands.subscribe.channel and commands.unsubscribe.channel: one \"string\"; or, "
          "with \"array\", also an array of them, each of which is checked and answered as if it were sent "
          "alone"),
      option("commands.channels", kPointer, c.channels,
             "position, in the subscribe and unsubscribe commands, of an array of channels, which a client "
             "may send instead of one channel; each is checked and answered as if it were sent alone; empty: "
             "none"),
      option("commands.channels_max", NumberKind{1, 1024}, c.channels_max,
             "maximum number of channels in an array; a longer one is refused as a whole"),
      option("commands.ping.is", kWord, c.ping.is, "name of the command that is answered immediately"),
      option("commands.ping.reply", kReply, c.ping.reply, kReplyHelp),
  };
}

std::vector<Option> history_command_options(CommandSettings& c) {
  auto& history = c.history;
  return {
      option("commands.history.is", kWord, history.is,
             "name of the command that is answered with the retained events of a channel"),
      option("commands.history.channel", kPointer, history.channel, "position of its channel, a string"),
      option("commands.history.after", kPointer, history.after,
             "position, in the command, of the position that the client has: the answer has the first events "
             "after it. Without one it has the last events; empty: always the last"),
      option("commands.history.limit", kPointer, history.limit,
             "position, in the command, of the maximum number of events in the answer; empty: none"),
      option("commands.history.reply", kReply, history.reply, kHistoryHelp),
      option("commands.history.events_max", NumberKind{1, 10'000}, history.events_max,
             "maximum number of events in an answer, also when the client asks for more"),
      option("commands.history.bytes_max", SizeKind{1024, 16 * 1024 * 1024}, history.bytes_max,
             "maximum length of the events in an answer; a single longer event is sent nevertheless"),
  };
}

std::vector<Option> history_options_of(EndpointSettings& e) {
  return at_restart(std::vector<Option>{
      option(
          "history", HistoryKind{}, e.history,
          "what is retained of this endpoint's events, so that clients receive what they missed; the first "
          "table that matches a channel applies. Empty: nothing"),
      option("resume.parameter", TextKind{"name", "\"position\"", 64, nullptr}, e.resume.parameter,
             "query parameter with the position that a client has: the events after it are sent first. Of "
             "event streams, whose header Last-Event-ID counts more, and with select.by other than "
             "\"commands\" also of WebSockets; empty: none"),
      option(
          "resume.timeout", DurationKind{milliseconds(1000), hours(1)}, e.resume.timeout,
          "maximum time in which a client must receive what it missed, at 16KiB/s or more; a slower one is "
          "closed with lag.close_code"),
  });
}

std::vector<Option> publish_options(EndpointSettings& e) {
  auto& publish = e.commands.publish;
  return {
      option("commands.publish.is", kWord, publish.is, "name of the command that publishes an event"),
      option("commands.publish.require", RequirementsKind{}, publish.require,
             "members that the publish command must have"),
      option("commands.publish.channel", kPointer, publish.channel,
             "position of the string that replaces the * in commands.publish.to"),
      option("commands.publish.to",
             TextKind{"channel pattern", "\"chat.*\"", kChannelNameBytesMax, check_optional_channel_pattern},
             publish.to, "bus channel that the event is published to"),
      option("commands.publish.body", kReply, publish.body,
             "the event: JSON with the same variables as a reply"),
      option("commands.publish.reply", kReply, publish.reply,
             "the answer when the bus has accepted the event, with the same variables; empty: none, and only "
             "an event that is not accepted is reported"),
      option(
          "commands.publish.waiting_max", NumberKind{1, 65'536}, publish.waiting_max,
          "with commands.publish.reply: maximum number of events of one client that wait for the bus; more "
          "are answered with the error rate_limited"),
      option("commands.publish.when_off",
             WordKind<WhenOff>{{{"unknown", WhenOff::unknown}, {"unauthorized", WhenOff::unauthorized}}},
             publish.when_off,
             "the error of the command with client_publish = \"off\": that of an \"unknown\" command, or "
             "\"unauthorized\""),
      option("acks", SwitchKind{}, e.acks,
             "whether subscribe and unsubscribe are answered with their replies"),
      option("client_publish", SwitchKind{}, e.client_publish,
             "whether clients may use commands.publish; \"off\": it is refused as commands.publish.when_off "
             "says"),
  };
}

std::vector<Option> frame_options(EndpointSettings& e) {
  return {
      at_restart(option("frames.event",
                        TextKind{"template", R"('{"channel":$channel,"payload":$body,"timestamp":$time_s}')",
                                 json::kTemplateBytesMax, check_event_template},
                        e.frames.event,
                        "the frame of an event: JSON with the variables $channel, $*, $body, $body/pointer, "
                        "$string(body), and "
                        "the relay time ($time_s, $time_ms, $time_unix_s, $time_unix_ms), and $position")),
      option(
          "frames.open",
          TextKind{"template", R"('{"type":"welcome","id":$connection_id}')", json::kTemplateBytesMax,
                   check_open_template},
          e.frames.open,
          "the first text frame after the 101, before any event or reply, with the variables "
          "$connection_id (as in the log), $subject (sub of the token, null where there is none), "
          "$position (of the last event before it; null where the client resumes) and the time; empty: none"),
      option("frames.error",
             TextKind{"template", R"('{"error":$code,"message":$message}')", json::kTemplateBytesMax,
                      check_reply_template},
             e.frames.error, "the frame that reports an error to a client; empty: none"),
      option(
          "frames.ping",
          TextKind{"template", R"('{"type":"ping","position":$position}')", json::kTemplateBytesMax,
                   check_ping_template},
          e.frames.ping,
          "the text frame sent every keepalive.frame, with the variables $position (every event up to it has "
          "been sent; null while events wait for the client) and the time"),
  };
}

// Frames that tell a client of a loss or of the end.
std::vector<Option> notice_options(EndpointSettings& e) {
  return {
      option(
          "frames.gap",
          TextKind{"template",
                   R"('{"type":"gap","channel":$channel,"count":$count,"after":$after,"reason":$reason}')",
                   json::kTemplateBytesMax, check_gap_template},
          e.frames.gap,
          "the text frame that reports missed events, with the variables $channel (null: all of the "
          "client's), "
          "$count, $before and $after (the positions next to them; each null when unknown), $reason and the "
          "time; empty: a client that misses events is closed instead"),
      option("frames.degraded",
             TextKind{"template", R"('{"type":"degraded","reason":$reason}')", json::kTemplateBytesMax,
                      check_status_template},
             e.frames.degraded,
             "the text frame that is sent to every client when the connection to the bus is lost, and to new "
             "clients until it is back, with the variables $reason (\"bus\") and the time; empty: none"),
      option("frames.restored",
             TextKind{"template", R"('{"type":"restored","reason":$reason}')", json::kTemplateBytesMax,
                      check_status_template},
             e.frames.restored,
             "the text frame that is sent when that connection is back, to every client that has been sent "
             "frames.degraded, with the same variables; empty: none"),
      option("frames.drain",
             TextKind{"template", R"('{"type":"reconnect","after_ms":$retry_ms}')", json::kTemplateBytesMax,
                      check_drain_template},
             e.frames.drain,
             "a last text frame before the close frame of a shutdown, with the variables $retry_ms (how many "
             "milliseconds the client should wait before it reconnects) and the time; empty: none"),
  };
}

std::vector<Option> error_options(ErrorSettings& e) {
  std::vector<Option> all = {
      option("errors.invalid_request.code", kWord, e.invalid_request.code,
             "code for messages that are not JSON or not a command"),
      option("errors.invalid_request.message", kText, e.invalid_request.message, "message of that error"),
      option("errors.unauthorized.code", kWord, e.unauthorized.code,
             "code for commands that the token does not permit"),
      option("errors.unauthorized.message", kText, e.unauthorized.message, "message of that error"),
      option("errors.subscription_failed.code", kWord, e.subscription_failed.code,
             "code for channels that cannot be subscribed to"),
      option("errors.subscription_failed.message", kText, e.subscription_failed.message,
             "message of that error"),
      option("errors.internal_error.code", kWord, e.internal_error.code,
             "code for events that the bus did not accept"),
      option("errors.internal_error.message", kText, e.internal_error.message, "message of that error"),
      option("errors.rate_limited.code", kWord, e.rate_limited.code, "code for messages over inbound.rate"),
      option("errors.rate_limited.message", kText, e.rate_limited.message, "message of that error"),
  };
  for (const ErrorDetailOption& each : kErrorDetails) {
    all.push_back(option(each.key, kText, e.details[each.detail], each.help));
  }
  return all;
}

std::vector<Option> keepalive_options(EndpointSettings& e) {
  const DurationKind beat{milliseconds(10), hours(24)};
  return {
      option("keepalive.ping", OptionalDurationKind{beat}, e.keepalive.ping, "interval between Ping frames"),
      option("keepalive.timeout", OptionalDurationKind{beat}, e.keepalive.timeout,
             "close the connection of a client that has not answered a ping for this long"),
      option("keepalive.data_counts", SwitchKind{}, e.keepalive.data_counts,
             "whether any frame extends that deadline, or only a pong"),
      option("keepalive.drop_unanswered", SwitchKind{}, e.keepalive.drop_unanswered,
             "whether to close a client that has not answered a ping when the next one is due"),
      option("keepalive.frame", OptionalDurationKind{beat}, e.keepalive.frame,
             "interval between frames.ping text frames, which clients need not answer"),
  };
}

std::vector<Option> rate_options(RateSettings& r) {
  return {
      option("inbound.rate.messages", LimitKind{10'000}, r.messages,
             "maximum number of text and binary messages from one client within the window"),
      option("inbound.rate.window", DurationKind{milliseconds(10), hours(1)}, r.window,
             "window of inbound.rate.messages"),
      option("inbound.rate.kind",
             WordKind<RateWindow>{{{"fixed", RateWindow::fixed}, {"sliding", RateWindow::sliding}}}, r.kind,
             "\"fixed\": the window starts with the connection, and again with the first message after its "
             "end; \"sliding\": any period of that length"),
      option("inbound.rate.over",
             WordKind<OverRate>{{{"close", OverRate::close}, {"error", OverRate::error}}}, r.over,
             "what happens above the rate: \"close\", or \"error\": the message is ignored and frames.error "
             "is sent"),
      option("inbound.rate.close_code", CloseCodeKind{}, r.close.code,
             "close code for a client over the rate"),
      option("inbound.rate.close_reason", close_reason_kind("\"Rate limit exceeded\""), r.close.reason,
             "close reason that goes with inbound.rate.close_code"),
  };
}

std::vector<Option> inbound_options(EndpointSettings& e) {
  return {
      option("inbound.message_bytes_max", SizeLimitKind{{1, kGiB}}, e.inbound.message_bytes_max,
             "maximum length of a client's message; a longer one closes the connection. \"off\" only where "
             "messages are ignored"),
      option("inbound.too_large_code", CloseCodeKind{}, e.inbound.too_large.code,
             "close code after a message over inbound.message_bytes_max"),
      option("inbound.too_large_reason", close_reason_kind("\"Message too large\""),
             e.inbound.too_large.reason, "close reason that goes with inbound.too_large_code"),
      option("inbound.fragments_max", LimitKind{16'777'216}, e.inbound.fragments_max,
             "maximum number of fragments of one message; more close the connection. \"off\" only where "
             "messages are ignored"),
      option("inbound.fragments_code", CloseCodeKind{}, e.inbound.fragments.code,
             "close code after a message of more than inbound.fragments_max frames"),
      option("inbound.fragments_reason", close_reason_kind("\"Too many fragments\""),
             e.inbound.fragments.reason, "close reason that goes with inbound.fragments_code"),
      option("inbound.reply",
             WordKind<InboundReply>{{{"none", InboundReply::none}, {"echo", InboundReply::echo}}},
             e.inbound.reply,
             "\"echo\" sends every message back; \"none\" ignores messages other than commands"),
      option("inbound.control_rate", LimitKind{1'000'000}, e.inbound.control_rate,
             "maximum number of pings and pongs per second from one client; more close the connection"),
      option("inbound.control_burst", NumberKind{1, 1'000'000}, e.inbound.control_burst,
             "maximum number of pings and pongs at once"),
      option("inbound.control_code", CloseCodeKind{}, e.inbound.control.code,
             "close code for a client over inbound.control_rate"),
      option("inbound.control_reason", close_reason_kind("\"Too many control frames\""),
             e.inbound.control.reason, "close reason that goes with inbound.control_code"),
  };
}

std::vector<Option> log_options(ClientLogSettings& l) {
  const TextKind line{"text", "\"client connected\"", kMessageBytesMax, check_log_message};
  return {
      option("log.connected", line, l.connected,
             "message of the log line for a new client, with connectionId and total; empty: no line"),
      option("log.disconnected", line, l.disconnected,
             "message of the log line for a disconnected client, with connectionId and a total without it; "
             "empty: no line"),
      option("log.too_large", line, l.too_large,
             "message of the log line for a message over inbound.message_bytes_max, with bytes and max; "
             "empty: no line"),
      option(
          "log.rate_exceeded", line, l.rate_exceeded,
          "message of the log line for a client over inbound.rate, with count and windowMs; empty: no line"),
      option("log.unresponsive", line, l.unresponsive,
             "message of the log line for a client that does not answer pings; empty: no line"),
  };
}

}  // namespace

std::vector<Option> protocol_options(EndpointSettings& e) {
  std::vector<Option> all;
  for (auto group :
       {source_options(e.source), select_options(e.select), keepalive_options(e), frame_options(e),
        notice_options(e), command_options(e.commands, "position of its channel, a string"),
        history_command_options(e.commands), history_options_of(e), publish_options(e),
        error_options(e.errors), inbound_options(e), rate_options(e.inbound.rate), log_options(e.log)}) {
    all.insert(all.end(), std::make_move_iterator(group.begin()), std::make_move_iterator(group.end()));
  }
  return all;
}

}  // namespace carillon::config

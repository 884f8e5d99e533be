// What takes two settings of a protocol to judge: events and frames, selection, commands, what comes in.
#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "config/check.h"
#include "config/text.h"
#include "http/path_pattern.h"

namespace carillon::config {
namespace {

std::string shown(const JsonWord& word) {
  return word.kind == JsonWord::Kind::string ? quoted(word.text) : word.text;
}

bool has_star(const std::string& pattern) { return pattern.find('*') != std::string::npos; }

class ProtocolCheck {
 public:
  ProtocolCheck(const EndpointSettings& endpoint, const std::string& prefix, Report& report)
      : e_(endpoint), prefix_(prefix), report_(report) {}

  void all() {
    stream();
    select();
    path_parameters();
    commands();
    channels();
    publish();
    inbound();
    frames();
    warn_of_braces();
  }

 private:
  void fault(std::string_view key, std::string_view message) {
    if (!was_read(key)) return;
    report_.error(place_of(key), cat({prefix_, ".", key}), message);
  }
  // A key that could not be read was already reported, and still has its previous value.
  bool was_read(std::string_view key) const { return !report_.has_error_at(cat({prefix_, ".", key})); }
  Origin place_of(std::string_view key) const { return e_.origin_of(key); }
  // The first of two keys that the author of the file wrote himself.
  std::string_view of_file(std::string_view key, std::string_view other) const {
    const bool own = is_written(e_.origins_by_key, key) && place_of(key).source == e_.origin.source;
    return own ? key : other;
  }
  bool has_channels() const { return !e_.source.channels.empty() || !e_.source.broadcast.empty(); }

  void stream() {
    if (!was_read("source.channels") || !was_read("frames.event")) return;
    const bool has_frame = !e_.frames.event.empty();
    if (has_channels() && !has_frame) {
      report_.error(place_of(of_file("source.channels", "frames.event")), prefix_ + ".source.channels",
                    "bring events, but there is no frame for them; write frames.event = '$body'");
    }
    if (has_frame && !has_channels()) {
      report_.error(place_of(of_file("frames.event", "source.channels")), prefix_ + ".frames.event",
                    "no channel brings events for it; write source.channels = [\"news.*\"]");
    }
    if (!e_.source.broadcast.empty() && e_.select.by != SelectBy::commands) {
      fault("source.broadcast",
            "has no use where clients subscribe to no channels; write its patterns in source.channels");
    }
  }

  void select() {
    if (!was_read("select")) return;
    if (e_.select.by == SelectBy::commands) {
      needs_stars("the star is the channel that clients name");
      if (e_.commands.subscribe.is.empty() || e_.commands.name.empty()) {
        fault("select.by",
              "\"commands\" needs a command to subscribe with; write commands.name and commands.subscribe");
      }
    } else if (!e_.commands.subscribe.is.empty()) {
      fault("commands.subscribe.is", "has no use without channels to choose; write select.by = \"commands\"");
    }
    if (e_.select.by != SelectBy::commands && !e_.auth.channels_claim.empty()) {
      fault("auth.channels_claim",
            "has no use where clients subscribe to no channels; leave it out, or write select.by = "
            "\"commands\"");
    }
    if (e_.select.by == SelectBy::claim && e_.auth.mode != AuthMode::jwt) {
      fault("select.by",
            cat({quoted("claim:" + e_.select.parameter),
                 " needs a token with that claim; write auth.mode = \"jwt\", or \"query:NAME\""}));
    }
    selected_values();
  }

  // A parameter of the path that selects nothing would admit clients of any path to the same events.
  void path_parameters() {
    const auto pattern = http::PathPattern::parse(e_.path);
    if (!pattern || !was_read("path")) return;
    const auto& [by, wanted] = std::tie(e_.select.by, e_.select.parameter);
    bool found = false;
    for (const std::string& name : pattern->names()) {
      if (by == SelectBy::path && name == wanted) {
        found = true;
        continue;
      }
      fault("path", cat({"has {", name, "}, which nothing uses; write select.by = \"path:", name,
                         "\", or a literal segment"}));
      return;
    }
    if (by != SelectBy::path || found) return;
    fault("select.by", cat({quoted("path:" + wanted), " needs a segment {", wanted, "} in the path, and ",
                            quoted(e_.path), " has none; write path = \"/rooms/{", wanted, "}\""}));
  }

  void selected_values() {
    if (!e_.select.by_values()) return;
    if (e_.select.value == "*") needs_stars("select.value is what the star matches");
    if (e_.select.by != SelectBy::query) return;
    const auto& [known, otherwise] = std::tie(e_.select.known, e_.select.otherwise);
    const bool everything = std::find(otherwise.begin(), otherwise.end(), "*") != otherwise.end();
    if (everything && otherwise.size() > 1) {
      fault("select.otherwise", "has \"*\" together with others; write [\"*\"] alone, or leave it out");
    }
    for (const std::string& value : otherwise) {
      if (known.empty() || value == "*" || std::find(known.begin(), known.end(), value) != known.end())
        continue;
      const auto near = nearest(value, known);
      fault("select.otherwise", cat({quoted(value), " is not in select.known; ",
                                     near ? cat({"did you mean ", quoted(*near), "?"}) : "add it there"}));
    }
  }

  // A pattern of this kind is what other servers fill in from the token.
  void warn_of_braces() {
    const auto warn = [&](std::string_view key, const std::vector<std::string>& patterns) {
      for (const std::string& pattern : patterns) {
        const std::size_t open = pattern.find('{');
        if (open == std::string::npos || pattern.find('}', open) == std::string::npos) continue;
        report_.warning(place_of(key), cat({prefix_, ".", key}),
                        cat({quoted(pattern),
                             " is taken literally: nothing is put in place of its braces; write * "
                             "there, and auth.channels_claim for what each token may subscribe to"}));
      }
    };
    warn("source.channels", e_.source.channels);
    warn("source.broadcast", e_.source.broadcast);
    warn("commands.publish.to", {e_.commands.publish.to});
  }

  void needs_stars(std::string_view why) {
    for (const std::string& pattern : e_.source.channels) {
      if (has_star(pattern)) continue;
      fault("source.channels",
            cat({quoted(pattern), " has no *, and ", why, "; write one, such as ", quoted(pattern + ".*")}));
      return;
    }
  }

  void commands() {
    const auto& c = e_.commands;
    const std::vector<std::pair<std::string_view, const JsonWord*>> names{
        {"commands.subscribe.is", &c.subscribe.is},
        {"commands.unsubscribe.is", &c.unsubscribe.is},
        {"commands.ping.is", &c.ping.is},
        {"commands.publish.is", &c.publish.is},
        {"commands.history.is", &c.history.is}};
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto& [key, name] = names[i];
      if (name->empty()) continue;
      if (c.name.empty()) {
        fault(key, "no command is ever found; write commands.name = \"/type\"");
        return;
      }
      for (std::size_t j = 0; j < i; ++j) {
        if (*names[j].second == *name)
          fault(key, cat({shown(*name), " is also ", names[j].first, "; write another"}));
      }
    }
    if (!c.subscribe.is.empty() && c.subscribe.channel.empty()) {
      fault("commands.subscribe.channel",
            "is missing; write the position of the channel, such as \"/channel\"");
    }
    if (!c.unsubscribe.is.empty() && c.unsubscribe.channel.empty()) {
      fault("commands.unsubscribe.channel",
            "is missing; write the position of the channel, such as \"/channel\"");
    }
    if (!c.ping.is.empty() && c.ping.reply.empty()) {
      fault("commands.ping.reply",
            "is missing; write what a ping is answered with, such as '{\"type\":\"pong\"}'");
    }
    if (e_.acks == Switch::on &&
        (c.subscribe.reply.empty() || (!c.unsubscribe.is.empty() && c.unsubscribe.reply.empty()))) {
      fault("acks",
            "needs commands.subscribe.reply and commands.unsubscribe.reply; write them, or acks = \"off\"");
    }
  }

  void channels() {
    const auto& c = e_.commands;
    if (c.channels.empty()) return;
    if (c.subscribe.is.empty()) {
      fault("commands.channels", "has no use without a command to subscribe with; write commands.subscribe");
    }
    if (c.channels == c.subscribe.channel || c.channels == c.unsubscribe.channel) {
      fault("commands.channels",
            "is also the position of a single channel; write another, or commands.channel_type = \"array\"");
    }
  }

  void publish() {
    if (e_.client_publish == Switch::off) return;
    const auto& p = e_.commands.publish;
    if (p.is.empty()) fault("client_publish", "there is no command for it; write commands.publish.is");
    if (p.to.empty())
      fault("commands.publish.to", "is missing; write a channel of the bus, such as \"chat.*\"");
    if (p.body.empty())
      fault("commands.publish.body", "is missing; write the event, such as '$request/data'");
    if (has_star(p.to) != !p.channel.empty()) {
      fault("commands.publish.channel",
            "and the star of commands.publish.to need each other; write both or none");
    }
  }

  void inbound() {
    const bool looks = !e_.commands.name.empty() || e_.inbound.reply == InboundReply::echo;
    if (looks && !e_.inbound.message_bytes_max.value) {
      fault("inbound.message_bytes_max", "\"off\" is only for messages that are ignored; write a size");
    }
    if (looks && !e_.inbound.fragments_max.value) {
      fault("inbound.fragments_max", "\"off\" is only for messages that are ignored; write a number");
    }
    if (!e_.commands.name.empty() && e_.inbound.reply == InboundReply::echo) {
      fault("inbound.reply", "\"echo\" and commands exclude each other; write \"none\"");
    }
    if (e_.inbound.rate.over == OverRate::error && e_.frames.error.empty()) {
      fault("inbound.rate.over", "\"error\" needs a frame to report it; write frames.error, or \"close\"");
    }
  }

  void frames() {
    if (e_.keepalive.frame && e_.frames.ping.empty()) {
      fault("keepalive.frame", "there is no frame to send; write frames.ping = '{\"type\":\"ping\"}'");
    }
    if (e_.keepalive.drop_unanswered && !e_.keepalive.ping) {
      fault("keepalive.drop_unanswered", "no ping is sent; write keepalive.ping = \"30s\", or \"off\"");
    }
  }

  const EndpointSettings& e_;
  const std::string& prefix_;
  Report& report_;
};

}  // namespace

void check_protocol(const EndpointSettings& endpoint, const std::string& prefix, Report& report) {
  ProtocolCheck(endpoint, prefix, report).all();
}

}  // namespace carillon::config

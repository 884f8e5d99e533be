#include "protocol/source.h"

#include <algorithm>

#include "event/channel_name.h"
#include "json/reader.h"

namespace carillon::protocol {
namespace {

std::vector<ChannelPattern> patterns_of(const std::vector<std::string>& texts) {
  std::vector<ChannelPattern> patterns;
  for (const std::string& text : texts) {
    if (auto pattern = ChannelPattern::parse(text)) patterns.push_back(std::move(*pattern));
  }
  return patterns;
}

std::optional<std::string_view> first_match(const std::vector<ChannelPattern>& patterns,
                                            std::string_view channel) {
  for (const ChannelPattern& pattern : patterns) {
    if (auto star = pattern.match(channel)) return star;
  }
  return std::nullopt;
}

// What a client can write in its query for this value: a string's characters, and a number or a boolean as it
// stands in the body. Nothing for null, an array or an object.
std::string text_of(json::Value value) {
  switch (value.type()) {
    case json::Type::string:
      return value.string().value_or(std::string());
    case json::Type::number:
    case json::Type::boolean:
      return std::string(value.raw());
    default:
      return {};
  }
}

}  // namespace

Source Source::compile(const config::EndpointSettings& settings) {
  Source source;
  source.channels_ = patterns_of(settings.source.channels);
  source.broadcast_ = patterns_of(settings.source.broadcast);
  source.require_ = compile_requirements(settings.source.require);
  source.by_ = settings.select.by;
  if (settings.select.value != "*") {
    if (auto pointer = json::Pointer::parse(settings.select.value)) source.value_ = std::move(*pointer);
  }
  for (const std::string& value : settings.select.known) {
    source.known_.emplace(value, static_cast<Tag>(source.known_.size()));
  }
  return source;
}

std::optional<Source::Match> Source::match(std::string_view bus_channel) const {
  if (const auto star = first_match(broadcast_, bus_channel)) return Match{*star, Match::Kind::broadcast};
  if (const auto star = first_match(channels_, bus_channel)) return Match{*star, Match::Kind::channel};
  return std::nullopt;
}

bool Source::is_reserved(std::string_view name) const {
  const auto reserved = [name](const ChannelPattern& pattern) {
    return is_reserved_channel(pattern.with_star(name));
  };
  return !channels_.empty() && std::all_of(channels_.begin(), channels_.end(), reserved);
}

Result<Audience, NotTaken> Source::judge(const Match& match, json::Outline& body) const {
  if (!meets(require_, body)) return tl::unexpected(NotTaken::unfit);
  if (match.kind == Match::Kind::broadcast) return Audience{};
  switch (by_) {
    case config::SelectBy::all:
      return Audience{};
    case config::SelectBy::commands:
      if (channel_name_fault(match.star) != ChannelNameFault::none)
        return tl::unexpected(NotTaken::unselected);
      return Audience{Audience::Kind::channel, 0, std::string(match.star)};
    case config::SelectBy::query:
    case config::SelectBy::claim:
    case config::SelectBy::path:
      break;
  }
  return judge_selected(match.star, body);
}

Result<Audience, NotTaken> Source::judge_selected(std::string_view star, json::Outline& body) const {
  std::string value(star);
  if (value_) {
    const auto raw = body.find(*value_);
    value = raw ? text_of(json::Value::of_valid(*raw)) : std::string();
  }
  if (!known_.empty()) {
    const auto tag = tag_of(value);
    if (!tag) return tl::unexpected(NotTaken::unselected);
    return Audience{Audience::Kind::tagged, *tag, {}};
  }
  // Clients without a selection get every event. A value that is not a valid channel name matches no
  // selection.
  if (channel_name_fault(value) != ChannelNameFault::none) return Audience{};
  return Audience{Audience::Kind::everyone_and_channel, 0, std::move(value)};
}

std::optional<Tag> Source::tag_of(std::string_view value) const {
  const auto found = known_.find(value);
  if (found == known_.end()) return std::nullopt;
  return found->second;
}

}  // namespace carillon::protocol

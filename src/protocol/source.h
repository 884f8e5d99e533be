#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "config/settings.h"
#include "event/channel_pattern.h"
#include "event/tag.h"
#include "json/outline.h"
#include "json/pointer.h"
#include "protocol/requirements.h"

namespace carillon::protocol {

// The clients of one endpoint that receive an event.
struct Audience {
  enum class Kind : std::uint8_t {
    everyone,             // all of them
    tagged,               // clients whose selection has the tag
    channel,              // subscribers of the channel
    everyone_and_channel  // clients without a selection, and clients that selected this value
  };
  Kind kind = Kind::everyone;
  Tag tag = 0;
  std::string name;  // of the channel
};

// Why an endpoint does not accept an event.
enum class NotTaken : std::uint8_t {
  unfit,      // the body fails source.require
  unselected  // no client could have selected it
};

// Source: decides whether an endpoint accepts a bus event, and which clients receive it.
//
// Immutable once compiled; the Router calls it once per event and endpoint. Only value_ allocates.
class Source {
 public:
  // The patterns and pointers must be valid; config/ has checked them.
  static Source compile(const config::EndpointSettings& settings);

  // The channel of a bus event at this endpoint.
  struct Match {
    std::string_view star;  // what the pattern's star matched
    enum class Kind : std::uint8_t { broadcast, channel } kind = Kind::channel;
  };
  std::optional<Match> match(std::string_view bus_channel) const;
  // `body` is valid JSON.
  Result<Audience, NotTaken> judge(const Match& match, json::Outline& body) const;

  // Whether every bus channel whose star is `name` is reserved, so that no event is ever published to it.
  bool is_reserved(std::string_view name) const;

  // All patterns, for the bus.
  const std::vector<ChannelPattern>& channels() const { return channels_; }
  const std::vector<ChannelPattern>& broadcast() const { return broadcast_; }
  // Whether clients subscribe to channels, or select values that are not known beforehand: an event then
  // belongs to a channel or to all clients.
  bool has_channels() const { return by_ != config::SelectBy::all && known_.empty(); }
  // Whether clients select some of the known values.
  bool has_tags() const { return !known_.empty(); }
  bool is_empty() const { return channels_.empty() && broadcast_.empty(); }
  // Returns the number of a known value, or nothing.
  std::optional<Tag> tag_of(std::string_view value) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  Result<Audience, NotTaken> judge_selected(std::string_view star, json::Outline& body) const;

  std::vector<ChannelPattern> channels_;
  std::vector<ChannelPattern> broadcast_;
  std::vector<Requirement> require_;
  config::SelectBy by_ = config::SelectBy::all;
  std::optional<json::Pointer> value_;  // nothing: the star
  std::unordered_map<std::string, Tag, Hash, std::equal_to<>> known_;
};

}  // namespace carillon::protocol

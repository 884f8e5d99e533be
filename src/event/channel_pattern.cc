#include "event/channel_pattern.h"

#include "event/channel_name.h"

namespace carillon {

Result<ChannelPattern> ChannelPattern::parse(std::string_view text) {
  // A pattern is a name with a star in it: the same bytes are allowed.
  switch (channel_name_fault(text)) {
    case ChannelNameFault::none:
      break;
    case ChannelNameFault::empty:
      return failure("a channel pattern must not be empty; write \"*\" to match every channel");
    case ChannelNameFault::too_long:
      return failure("a channel pattern has at most 255 bytes, and this one has " +
                     std::to_string(text.size()));
    case ChannelNameFault::not_utf8:
      return failure("a channel pattern must be UTF-8");
    case ChannelNameFault::control_character:
      return failure("a channel pattern must not hold control characters");
    case ChannelNameFault::reserved:  // never of channel_name_fault()
      break;
  }
  ChannelPattern pattern;
  pattern.text_ = text;
  pattern.star_ = text.find('*');
  if (pattern.has_star() && text.find('*', pattern.star_ + 1) != std::string_view::npos) {
    return failure("a channel pattern has at most one `*`; list several patterns instead");
  }
  return pattern;
}

std::string ChannelPattern::with_star(std::string_view star) const {
  std::string channel = text_;
  if (has_star()) channel.replace(star_, 1, star);
  return channel;
}

bool ChannelPattern::is_reserved() const {
  return is_reserved_channel(std::string_view(text_).substr(0, star_));
}

std::optional<std::string_view> ChannelPattern::match(std::string_view channel) const {
  const std::string_view text = text_;
  if (!has_star()) {
    if (channel != text) return std::nullopt;
    return channel.substr(channel.size());
  }
  const std::string_view before = text.substr(0, star_);
  const std::string_view after = text.substr(star_ + 1);
  // "a*a" needs two bytes: the same one cannot be beginning and end.
  if (channel.size() < before.size() + after.size()) return std::nullopt;
  if (!channel.starts_with(before) || !channel.ends_with(after)) return std::nullopt;
  return channel.substr(before.size(), channel.size() - before.size() - after.size());
}

}  // namespace carillon

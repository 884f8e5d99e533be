#include "event/channel_name.h"

#include <algorithm>

#include "base/utf8.h"

namespace carillon {
namespace {

// C0 and DEL, and U+0080 to U+009F, which UTF-8 writes as C2 80 to C2 9F.
bool has_control_character(std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (byte != 0xC2 || i + 1 == name.size()) continue;
    const auto next = static_cast<unsigned char>(name[i + 1]);
    if (next >= 0x80 && next <= 0x9F) return true;
  }
  return false;
}

}  // namespace

ChannelNameFault channel_name_fault(std::string_view name) {
  if (name.empty()) return ChannelNameFault::empty;
  if (name.size() > kChannelNameBytesMax) return ChannelNameFault::too_long;
  if (has_control_character(name)) return ChannelNameFault::control_character;
  if (!is_valid_utf8(name)) return ChannelNameFault::not_utf8;
  return ChannelNameFault::none;
}

ChannelNameFault bus_channel_fault(std::string_view name) {
  const ChannelNameFault fault = channel_name_fault(name);
  return fault == ChannelNameFault::none && is_reserved_channel(name) ? ChannelNameFault::reserved : fault;
}

bool is_reserved_channel(std::string_view bus_channel) { return bus_channel.starts_with("carillon."); }

std::string_view describe(ChannelNameFault fault) {
  switch (fault) {
    case ChannelNameFault::none:
      return "a good channel name";
    case ChannelNameFault::empty:
      return "a channel name must not be empty";
    case ChannelNameFault::too_long:
      return "a channel name has at most 255 bytes";
    case ChannelNameFault::not_utf8:
      return "a channel name must be UTF-8";
    case ChannelNameFault::control_character:
      return "a channel name must not hold control characters";
    case ChannelNameFault::reserved:
      return "a channel name must not begin with \"carillon.\": those channels are reserved";
  }
  return "";
}

}  // namespace carillon

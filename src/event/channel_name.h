// What may name a channel: 1 to 255 bytes of UTF-8 without control characters. Opaque otherwise,
// matched byte for byte; `*` and `?` are literal.
//
// Channels of the bus that begin with "carillon." are reserved: gateways use them among themselves. Nothing
// on them is ever routed, published, subscribed or retained for clients, on any path. Only
// bus_channel_fault() decides that, and is_reserved_channel() for names that are known to be valid otherwise.
#pragma once

#include <cstddef>
#include <string_view>

namespace carillon {

inline constexpr std::size_t kChannelNameBytesMax = 255;

// Why a text cannot name a channel.
enum class ChannelNameFault { none, empty, too_long, not_utf8, control_character, reserved };

// Checks a name as clients write it, which may differ from the bus channel's: never returns `reserved`.
ChannelNameFault channel_name_fault(std::string_view name);
// Of the name of a channel on the bus.
ChannelNameFault bus_channel_fault(std::string_view name);
std::string_view describe(ChannelNameFault fault);

bool is_reserved_channel(std::string_view bus_channel);

}  // namespace carillon

// Channel names: 1 to 255 bytes of UTF-8 without control characters. They are opaque otherwise and compared
// byte for byte; `*` and `?` are literal.
//
// Bus channels that begin with "carillon." are reserved for communication between gateways. Clients can
// neither receive nor publish on them, on any path. Only bus_channel_fault() decides that, and
// is_reserved_channel() for names that are otherwise known to be valid.
#pragma once

#include <cstddef>
#include <string_view>

namespace carillon {

inline constexpr std::size_t kChannelNameBytesMax = 255;

// Why a text is not a channel name.
enum class ChannelNameFault { none, empty, too_long, not_utf8, control_character, reserved };

// Checks a name as clients write it, which may differ from the bus channel's: never returns `reserved`.
ChannelNameFault channel_name_fault(std::string_view name);
// Checks the name of a bus channel.
ChannelNameFault bus_channel_fault(std::string_view name);
std::string_view describe(ChannelNameFault fault);

bool is_reserved_channel(std::string_view bus_channel);

}  // namespace carillon

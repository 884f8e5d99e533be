// What may name a channel: 1 to 255 bytes of UTF-8 without control characters. Opaque otherwise,
// matched byte for byte; `*` and `?` are literal.
#pragma once

#include <cstddef>
#include <string_view>

namespace carillon {

inline constexpr std::size_t kChannelNameBytesMax = 255;

enum class ChannelNameFault { none, empty, too_long, not_utf8, control_character };

ChannelNameFault channel_name_fault(std::string_view name);
std::string_view describe(ChannelNameFault fault);

// Channels that gateways speak to themselves on: nobody else may publish there.
bool is_reserved_channel(std::string_view name);

}  // namespace carillon

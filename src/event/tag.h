// Tag: the number of a value by which clients select an endpoint's events, such as an event type. A
// subscriber that receives only some of the events has a mask of tags.
#pragma once

#include <cstdint>

namespace carillon {

using Tag = std::uint8_t;  // below 64
using TagMask = std::uint64_t;
inline constexpr TagMask mask_of(Tag tag) { return TagMask{1} << tag; }
inline constexpr TagMask kAllTags = ~TagMask{0};

}  // namespace carillon

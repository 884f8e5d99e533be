// Tag: the number of one of the values that an endpoint's events are selected by, such as their types. A
// subscriber that receives only some of the events has a mask of tags.
#pragma once

#include <cstdint>

namespace carillon {

using Tag = std::uint8_t;  // below 64
using TagMask = std::uint64_t;
inline constexpr TagMask mask_of(Tag tag) { return TagMask{1} << tag; }
inline constexpr TagMask kAllTags = ~TagMask{0};

}  // namespace carillon

// Pairs of settings that limit the same thing, and which of them applies. One table: the page in
// docs lists it, and a test proves each row below, at and above the point where the two meet.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace carillon::config {

// Two settings that limit the same thing, and the rule between them.
struct BoundPair {
  std::string_view first;
  std::string_view second;
  std::string_view rule;  // one sentence
};

std::span<const BoundPair> bound_pairs();

// The section of docs/configuration.md.
std::string bounds_section();

}  // namespace carillon::config

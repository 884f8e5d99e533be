// What an API key must look like: it must fit into a request and be hard to guess.
//
// Pure; any thread. The key itself is never in what these return.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace carillon::config {

// Shorter keys are refused: a few requests find them.
inline constexpr std::size_t kApiKeyBytesMin = 8;
// Shorter keys cause a warning.
inline constexpr std::size_t kApiKeyBytesAdvised = 16;

// Returns why the key is refused and what to write instead; nothing when it is accepted.
std::optional<std::string> api_key_fault(std::string_view key);
// Returns the warning for a key that is accepted nevertheless.
std::optional<std::string> api_key_advice(std::string_view key);

}  // namespace carillon::config

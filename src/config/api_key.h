// What an API key must look like: one that a request can carry, and that nobody guesses.
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
// Shorter keys earn a warning.
inline constexpr std::size_t kApiKeyBytesAdvised = 16;

// Why the key is refused and what to write instead; nothing: it is not.
std::optional<std::string> api_key_fault(std::string_view key);
// What is to be said of a key that is taken all the same.
std::optional<std::string> api_key_advice(std::string_view key);

}  // namespace carillon::config

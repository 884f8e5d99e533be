// The addresses that key sets may be fetched from: https, or http on this machine only. A server that answers
// there decides which clients are admitted.
//
// Thread: any; pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace carillon::config {

inline constexpr std::size_t kKeySetUrlBytesMax = 2048;

// The server that a URL names. Two URLs with equal servers lead to the same one.
struct KeySetServer {
  std::string scheme;  // "https" or "http"
  std::string host;    // in lower case; an IPv6 address keeps its brackets
  std::uint16_t port = 0;
  bool operator==(const KeySetServer&) const = default;
};

// The error completes a sentence that begins with the setting's name: what is wrong and what to write.
Result<KeySetServer> parse_key_set_url(std::string_view url);

}  // namespace carillon::config

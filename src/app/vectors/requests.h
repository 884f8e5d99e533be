// Builds what the clients of vectors send: tokens, requests and frames.
//
// Pure; thread: any. The steps have been checked (step_rules.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "json/reader.h"

namespace carillon::app {

// The secrets of one run.
struct RunKeys {
  std::string secret;   // signs tokens
  std::string api_key;  // $api_key in headers
};

// "15s", "250ms", "2m", "1h"; nothing for anything else, and for more than a day.
std::optional<milliseconds> parse_step_duration(std::string_view text);

// Returns the token of a step: `token` holds claims, where times such as "+60s" count from now, or is the
// token itself as a text; `signed` names algorithm and key. Without `token` the claims are {"sub":"alice"}.
std::string token_of(const json::Value& step, const RunKeys& keys, WallTime now);

// Returns the bytes of a `connect`. $token, $token_percent, $token_changed and $api_key stand for what they
// name.
std::string upgrade_request(const json::Value& step, const std::string& token, const RunKeys& keys);
// Returns the bytes of an `http` step.
std::string http_request(const json::Value& step, const std::string& token, const RunKeys& keys);

// Returns the bytes of a `send`.
std::string message_bytes(const json::Value& step);
std::string pong_bytes(std::string_view payload);

// Pairs of hexadecimal digits as bytes.
std::string bytes_of_hex(std::string_view hex);

// --- members of a checked step ---
std::string text_at(const json::Value& object, std::string_view name, std::string otherwise = {});
std::int64_t number_at(const json::Value& object, std::string_view name, std::int64_t otherwise);

}  // namespace carillon::app

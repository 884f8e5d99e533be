// The requests and refusals of golden vectors: builds the bytes of `connect`, and checks an answer. Pure
// except that it reports failures to gtest.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/testing.h"
#include "gateway/testing/shard_stage.h"
#include "gateway/testing/wire_vector.h"
#include "http/request_head.h"

namespace carillon::gateway::testing {

inline std::string claim_text(const json::Value& value, WallTime now) {
  const std::string text = text_of(value);
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::string(value.raw());
  const auto duration = duration_of(text.substr(1)).value_or(milliseconds(0));
  const WallTime at = now + (text[0] == '+' ? duration : -duration);
  return std::to_string(std::chrono::duration_cast<seconds>(at.time_since_epoch()).count());
}

// "token" holds claims, where "exp": "+60s" counts from now, or is the token itself; "signed" names algorithm
// and key.
inline std::string token_of(const json::Value& step, WallTime now) {
  const auto claims = step.find("token");
  if (claims && claims->is(json::Type::string)) return text_of(*claims);
  std::string payload = "{";
  if (claims) {
    for (const json::Member& member : claims->members()) {
      payload.append(payload.size() > 1 ? ",\"" : "\"").append(member.raw_name).append("\":");
      payload += claim_text(member.value, now);
    }
  } else {
    payload += "\"sub\":\"alice\"";
  }
  payload += '}';
  const json::Value how = step.find("signed").value_or(json::Value());
  const std::string alg = text_at(how, "alg", "HS256");
  const std::string header = "{\"alg\":\"" + alg + "\"}";
  if (alg == "none") {
    return auth::encode_base64url(header) + "." + auth::encode_base64url(payload) + ".";
  }
  const auto algorithm = alg == "HS384"   ? auth::Algorithm::hs384
                         : alg == "HS512" ? auth::Algorithm::hs512
                                          : auth::Algorithm::hs256;
  std::string secret(config::kGoodSecret);
  if (text_at(how, "with") == "another key") secret.back() = 'x';
  return auth::testing::sign(header, payload, secret, algorithm);
}

// Percent-encodes every byte except the dots.
inline std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '.') {
      out += c;
    } else {
      (out += '%').append({kDigits[byte >> 4], kDigits[byte & 15]});
    }
  }
  return out;
}

// The same token with the first byte of its signature changed.
inline std::string changed(std::string token) {
  const std::size_t at = token.rfind('.') + 1;
  if (at < token.size()) token[at] = token[at] == 'A' ? 'B' : 'A';
  return token;
}

inline std::string bytes_of_request(const json::Value& step, const std::string& token) {
  std::vector<std::pair<std::string, std::string>> headers = {{"Host", "x"}};
  if (!step.find("plain")) {
    headers.insert(headers.end(), {{"Connection", "Upgrade"},
                                   {"Upgrade", "websocket"},
                                   {"Sec-WebSocket-Version", "13"},
                                   {"Sec-WebSocket-Key", std::string(kKey)}});
  }
  if (const auto own = step.find("headers")) {
    for (const json::Member& member : own->members()) {
      std::erase_if(headers, [&](const auto& header) { return header.first == member.raw_name; });
      const std::string name(member.raw_name);
      if (member.value.is(json::Type::string)) headers.emplace_back(name, text_of(member.value));
      for (const json::Value& one : member.value.elements()) headers.emplace_back(name, text_of(one));
    }
  }
  std::string head = text_at(step, "method", "GET") + " " + text_at(step, "target") + " HTTP/1.1\r\n";
  for (const auto& [name, value] : headers) head.append(name).append(": ").append(value).append("\r\n");
  head = replaced(head + "\r\n", "$token_percent", percent_encoded(token));
  return replaced(replaced(head, "$token_changed", changed(token)), "$token", token);
}

inline std::optional<std::string> header_of(const Answer& answer, std::string_view name) {
  std::string_view rest = answer.head;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !http::equal_ignoring_case(line.substr(0, colon), name)) continue;
    return std::string(http::trimmed(line.substr(colon + 1)));
  }
  return std::nullopt;
}

inline void check_header(const json::Member& wanted, const Answer& answer) {
  const auto got = header_of(answer, wanted.raw_name);
  if (wanted.value.is(json::Type::null)) {
    EXPECT_EQ(got, std::nullopt) << wanted.raw_name;
  } else if (text_of(wanted.value) == "$any") {
    EXPECT_NE(got.value_or(""), "") << wanted.raw_name;
  } else {
    EXPECT_EQ(got, text_of(wanted.value)) << wanted.raw_name;
  }
}

inline void check_refusal(const json::Value& wanted, const Answer& answer, WallTime now) {
  const std::string all = answer.head + answer.body;
  const std::string status = answer.head.substr(std::min<std::size_t>(9, answer.head.size()), 3);
  const auto statuses = wanted.find("status").value_or(json::Value());
  bool among = statuses.raw() == status;
  for (const json::Value& each : statuses.elements()) among = among || each.raw() == status;
  EXPECT_TRUE(among) << all;
  EXPECT_EQ(header_of(answer, "Content-Type").value_or("").substr(0, 16), "application/json") << all;
  EXPECT_TRUE(header_of(answer, "Connection").value_or("").ends_with("close")) << all;
  if (const auto headers = wanted.find("headers")) {
    for (const json::Member& member : headers->members()) check_header(member, answer);
  }
  if (const auto body = wanted.find("body")) {
    EXPECT_EQ(answer.body, at_time(wire_text(*body), now));
  } else {
    EXPECT_TRUE(json::is_valid(answer.body)) << all;
  }
}

}  // namespace carillon::gateway::testing

#include "app/vectors/requests.h"

#include <charconv>
#include <utility>
#include <vector>

#include "app/vectors/comparison.h"
#include "auth/algorithm.h"
#include "auth/base64url.h"
#include "auth/hmac.h"
#include "json/writer.h"
#include "websocket/frame_writer.h"

namespace carillon::app {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr websocket::MaskKey kMask{0x11, 0x22, 0x33, 0x44};

// "+60s" and "-1m" are moments; every other claim is as it is written.
std::string claim_text(const json::Value& value, WallTime now) {
  const std::string text = value.string().value_or("");
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::string(value.raw());
  const auto duration = parse_step_duration(std::string_view(text).substr(1));
  if (!duration) return std::string(value.raw());
  const WallTime at = now + (text[0] == '+' ? *duration : -*duration);
  return std::to_string(std::chrono::floor<seconds>(at.time_since_epoch()).count());
}

std::string percent_encoded(std::string_view text) {
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

// The same token with another signature.
std::string changed(std::string token) {
  const std::size_t at = token.rfind('.') + 1;
  if (at < token.size()) token[at] = token[at] == 'A' ? 'B' : 'A';
  return token;
}

std::string filled(std::string text, const std::string& token, const RunKeys& keys) {
  text = replaced(std::move(text), "$token_percent", percent_encoded(token));
  text = replaced(std::move(text), "$token_changed", changed(token));
  text = replaced(std::move(text), "$token", token);
  return replaced(std::move(text), "$api_key", keys.api_key);
}

// A text replaces a header, null leaves it out, and a list repeats it.
void apply_headers(Headers& headers, const json::Value& step) {
  const auto own = step.find("headers");
  if (!own) return;
  for (const json::Member& member : own->members()) {
    const std::string name = member.name().value_or("");
    std::erase_if(headers, [&](const auto& header) { return header.first == name; });
    if (member.value.is(json::Type::string)) headers.emplace_back(name, member.value.string().value_or(""));
    for (const json::Value& one : member.value.elements())
      headers.emplace_back(name, one.string().value_or(""));
  }
}

std::string request_of(const std::string& line, const Headers& headers, std::string_view body) {
  std::string all = line + " HTTP/1.1\r\n";
  for (const auto& [name, value] : headers) all.append(name).append(": ").append(value).append("\r\n");
  return all.append("\r\n").append(body);
}

std::string repeated(const std::string& text, const json::Value& step) {
  const std::int64_t times = number_at(step, "repeat", 1);
  std::string all;
  all.reserve(text.size() * static_cast<std::size_t>(times));
  for (std::int64_t i = 0; i < times; ++i) all += text;
  return all;
}

std::string frame(websocket::Opcode opcode, std::string_view payload,
                  websocket::Fin fin = websocket::Fin::yes) {
  std::string out;
  websocket::append_masked_frame(out, opcode, payload, kMask, fin);
  return out;
}

std::string close_bytes(const json::Value& code, const std::string& reason) {
  if (code.is(json::Type::null)) return frame(websocket::Opcode::close, "");
  const auto number = static_cast<std::uint16_t>(code.integer().value_or(0));
  std::string payload{static_cast<char>(number >> 8), static_cast<char>(number & 255)};
  return frame(websocket::Opcode::close, payload + reason);
}

std::string fragments_bytes(const json::Value& step, const json::Value& parts) {
  std::string all;
  auto part = parts.elements().begin();
  for (bool is_first = true; part != parts.elements().end(); is_first = false) {
    const std::string payload = repeated((*part).string().value_or(""), step);
    ++part;
    const bool is_last = part == parts.elements().end();
    all += frame(is_first ? websocket::Opcode::text : websocket::Opcode::continuation, payload,
                 is_last ? websocket::Fin::yes : websocket::Fin::no);
  }
  return all;
}

}  // namespace

std::string text_at(const json::Value& object, std::string_view name, std::string otherwise) {
  const auto value = object.find(name);
  return value ? value->string().value_or(std::move(otherwise)) : otherwise;
}

std::int64_t number_at(const json::Value& object, std::string_view name, std::int64_t otherwise) {
  const auto value = object.find(name);
  return value ? value->integer().value_or(otherwise) : otherwise;
}

std::optional<milliseconds> parse_step_duration(std::string_view text) {
  constexpr milliseconds kLongest = std::chrono::hours(24);
  constexpr std::pair<std::string_view, milliseconds> kUnits[] = {{"ms", milliseconds(1)},
                                                                  {"s", seconds(1)},
                                                                  {"m", std::chrono::minutes(1)},
                                                                  {"h", std::chrono::hours(1)}};
  std::uint32_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc()) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, length] : kUnits) {
    if (unit == name && number <= kLongest / length) return number * length;
  }
  return std::nullopt;
}

std::string token_of(const json::Value& step, const RunKeys& keys, WallTime now) {
  const auto claims = step.find("token");
  if (claims && claims->is(json::Type::string)) return claims->string().value_or("");
  std::string payload;
  json::ObjectWriter writer(payload);
  if (claims) {
    for (const json::Member& member : claims->members()) {
      writer.raw_member(member.name().value_or(""), claim_text(member.value, now));
    }
  } else {
    writer.member("sub", "alice");
  }
  writer.close();
  const json::Value how = step.find("signed").value_or(json::Value());
  const std::string alg = text_at(how, "alg", "HS256");
  const std::string input =
      auth::encode_base64url("{\"alg\":\"" + alg + "\"}") + "." + auth::encode_base64url(payload);
  if (alg == "none") return input + ".";
  std::string secret = keys.secret;
  if (text_at(how, "with") == "another key") secret.back() = secret.back() == 'x' ? 'y' : 'x';
  auto hmac = auth::Hmac::make(auth::algorithm_named(alg).value_or(auth::Algorithm::hs256), secret);
  return hmac ? input + "." + auth::encode_base64url(hmac->compute(input).view()) : input;
}

std::string upgrade_request(const json::Value& step, const std::string& token, const RunKeys& keys) {
  Headers headers = {{"Host", "x"}};
  if (!step.find("plain")) {
    headers.insert(headers.end(), {{"Connection", "Upgrade"},
                                   {"Upgrade", "websocket"},
                                   {"Sec-WebSocket-Version", "13"},
                                   {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}});  // RFC 6455 1.3
  }
  apply_headers(headers, step);
  const std::string line = text_at(step, "method", "GET") + " " + text_at(step, "target");
  return filled(request_of(line, headers, ""), token, keys);
}

std::string http_request(const json::Value& step, const std::string& token, const RunKeys& keys) {
  const auto body = step.find("body");
  const std::string text = body ? wire_text(*body) : "";
  Headers headers = {{"Host", "x"}, {"Connection", "close"}};
  if (body) {
    headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("Content-Length", std::to_string(text.size()));
  }
  apply_headers(headers, step);
  return filled(request_of(text_at(step, "http"), headers, ""), token, keys) + text;
}

std::string message_bytes(const json::Value& step) {
  using websocket::Opcode;
  constexpr std::pair<std::string_view, Opcode> kKinds[] = {
      {"text", Opcode::text}, {"binary", Opcode::binary}, {"ping", Opcode::ping}, {"pong", Opcode::pong}};
  for (const auto& [name, opcode] : kKinds) {
    if (const auto payload = step.find(name)) return frame(opcode, repeated(wire_text(*payload), step));
  }
  if (const auto code = step.find("close")) return close_bytes(*code, text_at(step, "reason"));
  if (const auto parts = step.find("fragments")) return fragments_bytes(step, *parts);
  return bytes_of_hex(text_at(step, "hex"));
}

std::string pong_bytes(std::string_view payload) { return frame(websocket::Opcode::pong, payload); }

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

}  // namespace carillon::app

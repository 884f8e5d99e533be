#include "app/command/listen_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "auth/base64url.h"
#include "json/reader.h"
#include "json/writer.h"

namespace carillon::app {
namespace {

constexpr std::string_view kDim = "\033[2m";
constexpr std::string_view kReset = "\033[0m";

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void append_escaped(std::string& out, char c) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", static_cast<unsigned>(static_cast<unsigned char>(c)));
  out += text.data();
}

// In valid JSON raw line ends and tabs are only between its parts.
std::string on_one_line(std::string_view json) {
  std::string out(json);
  std::replace_if(out.begin(), out.end(), is_control, ' ');
  return out;
}

std::string json_line(std::string_view message, bool is_binary, WallTime now) {
  std::string line;
  json::ObjectWriter writer(line);
  writer.member("received_at", rfc3339_milliseconds(now));
  if (is_binary) {
    writer.member("base64url", auth::encode_base64url(message));
  } else if (const auto parsed = json::parse(message, {.duplicates = json::Duplicates::allow})) {
    writer.raw_member("data", on_one_line(parsed->raw()));
  } else {
    writer.member("data", message);
  }
  writer.close();
  return line;
}

}  // namespace

std::string message_line(std::string_view message, bool is_binary, WallTime now, MessageStyle style) {
  if (style == MessageStyle::json) return json_line(message, is_binary, now);
  std::string line = rfc3339_milliseconds(now).substr(std::string_view("2026-01-01T").size());
  if (style == MessageStyle::coloured) line = std::string(kDim) + line + std::string(kReset);
  line += ' ';
  if (is_binary) return line + "(binary, " + std::to_string(message.size()) + " bytes)";
  return line + shown_text(message, {}, message.size());
}

std::string_view meaning_of_close(std::uint16_t code) {
  switch (code) {
    case 1000:
      return "a normal end";
    case 1001:
      return "the gateway stops or restarts";
    case 1002:
      return "a protocol error";
    case 1003:
      return "this kind of data is not supported";
    case 1005:
      return "without a code";
    case 1007:
      return "text that is not UTF-8";
    case 1008:
      return "against a rule of the endpoint: the token expired, or this client was too slow or sent too "
             "much";
    case 1009:
      return "a message that is too long";
    case 1011:
      return "an error in the gateway";
    case 1012:
      return "the gateway restarts";
    case 1013:
      return "try again later: events were lost, or the gateway is short of memory";
    default:
      break;
  }
  return code >= 4000 ? "a code of this endpoint's protocol" : "a code without a common meaning";
}

std::string shown_text(std::string_view text, std::string_view secret, std::size_t bytes_max) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size() && at < bytes_max) {
    if (!secret.empty() && text.substr(at).starts_with(secret)) {
      out += "REDACTED";
      at += secret.size();
      continue;
    }
    if (is_control(text[at])) {
      append_escaped(out, text[at]);
    } else {
      out += text[at];
    }
    ++at;
  }
  return at < text.size() ? out + "…" : out;
}

milliseconds RetryDelay::next() {
  const auto half = static_cast<std::uint64_t>(ceiling_.count() / 2);
  const milliseconds delay(static_cast<std::int64_t>(half + random_.up_to(half)));
  ceiling_ = std::min(ceiling_ * 2, kLongest);
  return delay;
}

std::string shown_seconds(milliseconds duration) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f s", static_cast<double>(duration.count()) / 1000);
  return text.data();
}

}  // namespace carillon::app

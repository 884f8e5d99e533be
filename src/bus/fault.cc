#include "bus/fault.h"

#include <algorithm>
#include <array>
#include <utility>

namespace carillon::bus {
namespace {

constexpr std::size_t kQuotedBytesMax = 160;
constexpr std::size_t kChannelBytesMax = 512;  // a pattern of 255 bytes with each of them escaped
constexpr std::size_t kCodeBytesMax = 24;

constexpr std::array<std::string_view, 4> kDeniedCodes{"NOAUTH", "WRONGPASS", "NOPERM", "DENIED"};
constexpr std::array<std::string_view, 8> kBusyCodes{"LOADING", "READONLY", "MASTERDOWN",  "OOM",
                                                     "BUSY",    "TRYAGAIN", "CLUSTERDOWN", "MISCONF"};
// Redis before 6, and some replies of today, put what is a configuration error behind plain ERR.
constexpr std::array<std::string_view, 4> kDeniedPhrases{
    "invalid password", "without any password configured", "no password is set", "DB index"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

FaultKind kind_of(std::string_view code, std::string_view line) {
  if (contains(kDeniedCodes, code)) return FaultKind::denied;
  if (contains(kBusyCodes, code)) return FaultKind::busy;
  for (const auto phrase : kDeniedPhrases) {
    if (line.find(phrase) != std::string_view::npos) return FaultKind::denied;
  }
  return FaultKind::busy;
}

// One log field, one line, printable, bounded.
std::string tidy(std::string_view line, std::size_t bytes_max = kQuotedBytesMax) {
  std::string out(line.substr(0, bytes_max));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

// "PSUBSCRIBE" → "+psubscribe"
std::string command_rule(std::string_view command) {
  std::string rule = "+";
  for (const char c : command) rule += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return rule;
}

// Redis reports which of the two is missing: "… no permissions to run the 'publish' command", "… to access
// one of the channels used as arguments". If it reports neither, both are named.
std::string grant_for(std::string_view command, std::string_view channel, std::string_view error_line) {
  const bool is_command = error_line.find("to run the") != std::string_view::npos;
  const bool is_channel = !is_command && error_line.find("channel") != std::string_view::npos;
  std::string rules;
  if (!is_channel || channel.empty()) rules = command_rule(command);
  if (!is_command && !channel.empty())
    rules += (rules.empty() ? "&" : " &") + tidy(channel, kChannelBytesMax);
  return "; grant it with ACL SETUSER <user> " + rules;
}

}  // namespace

std::string_view error_code(std::string_view line) {
  std::size_t length = 0;
  while (length < line.size() && line[length] >= 'A' && line[length] <= 'Z') ++length;
  const bool ends_well = length == line.size() || line[length] == ' ';
  return ends_well && length <= kCodeBytesMax ? line.substr(0, length) : std::string_view{};
}

Fault broker_refused(std::string_view command, std::string_view channel, std::string_view error_line,
                     Quote quote) {
  const auto code = error_code(error_line);
  std::string detail = "the broker refused " + std::string(command);
  if (!channel.empty()) detail += " " + tidy(channel, kChannelBytesMax);
  detail += ": " + (quote == Quote::whole ? tidy(error_line) : std::string(code.empty() ? "an error" : code));
  if (code == "NOPERM") detail += grant_for(command, channel, error_line);
  return {kind_of(code, error_line), std::move(detail)};
}

}  // namespace carillon::bus

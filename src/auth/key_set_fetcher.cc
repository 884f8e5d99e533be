#include "auth/key_set_fetcher.h"

#include <charconv>

#include "config/key_set_url.h"

namespace carillon::auth {
namespace {

constexpr std::int64_t kMaxAgeMost = 31'536'000'000;  // a thousand years: so that no arithmetic overflows

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool begins_with_word(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if (c != word[i]) return false;
  }
  return true;
}

// The seconds in `max-age=60` or `max-age="60"`.
std::optional<seconds> age_in(std::string_view value) {
  if (value.size() > 1 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (error == std::errc::result_out_of_range || number > kMaxAgeMost) return seconds(kMaxAgeMost);
  return seconds(number);
}

}  // namespace

std::string_view name_of(FetchFault fault) {
  switch (fault) {
    case FetchFault::unreachable:
      return "unreachable";
    case FetchFault::timeout:
      return "timeout";
    case FetchFault::tls:
      return "tls";
    case FetchFault::status:
      return "status";
    case FetchFault::redirect:
      return "redirect";
    case FetchFault::too_large:
      return "too_large";
    case FetchFault::count:
      break;
  }
  return "";
}

bool may_redirect(std::string_view from, std::string_view to) {
  const auto server = config::parse_key_set_url(from);
  const auto other = config::parse_key_set_url(to);
  return server && other && *server == *other;
}

std::optional<seconds> max_age_of(std::string_view cache_control) {
  constexpr std::string_view kMaxAge = "max-age=";
  std::optional<seconds> age;
  while (!cache_control.empty()) {
    const std::size_t comma = cache_control.find(',');
    const std::string_view directive = trimmed(cache_control.substr(0, comma));
    cache_control.remove_prefix(comma == std::string_view::npos ? cache_control.size() : comma + 1);
    if (begins_with_word(directive, "no-store") || begins_with_word(directive, "no-cache")) return seconds(0);
    if (!age && begins_with_word(directive, kMaxAge)) age = age_in(directive.substr(kMaxAge.size()));
  }
  return age;
}

}  // namespace carillon::auth

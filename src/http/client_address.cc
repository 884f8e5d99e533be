#include "http/client_address.h"

#include <algorithm>
#include <string>
#include <vector>

#include "http/characters.h"

namespace carillon::http {
namespace {

using Outcome = ForwardedClient::Outcome;

// One hop as its proxy wrote it.
struct Hop {
  Outcome outcome = Outcome::malformed;
  IpAddress address;
};

bool is_port(std::string_view text) {
  // "_hidden" is a port too (RFC 7239 section 6).
  if (text.size() > 1 && text.front() == '_') return true;
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit);
}

Hop hop_at(std::string_view address) {
  const auto parsed = IpAddress::parse(address);
  return parsed ? Hop{Outcome::found, *parsed} : Hop{};
}

// "192.0.2.1", "192.0.2.1:47011", "[2001:db8::1]", "[2001:db8::1]:47011".
Hop hop_with_port(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || text.find(':') > end) return {};
    const std::string_view behind = text.substr(end + 1);
    if (!behind.empty() && (behind.front() != ':' || !is_port(behind.substr(1)))) return {};
    return hop_at(text.substr(1, end - 1));
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return {};
  return hop_at(text.substr(0, colon));
}

// Also "2001:db8::1" without brackets, which is the custom of this header.
Hop hop_of_list(std::string_view text) {
  if (text == "unknown") return {Outcome::unknown, {}};
  const bool bare_v6 = !text.starts_with('[') && std::count(text.begin(), text.end(), ':') > 1;
  return bare_v6 ? hop_at(text) : hop_with_port(text);
}

// The node of a `for` (RFC 7239 section 6).
Hop hop_of_node(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(':'));
  if (equal_ignoring_case(name, "unknown") || (name.size() > 1 && name.front() == '_')) {
    return {Outcome::unknown, {}};
  }
  return hop_with_port(text);
}

// Collects hops from the right until one is the client.
class Walk {
 public:
  explicit Walk(std::span<const IpRange> proxies) : proxies_(proxies) {}

  // False: it is decided.
  bool step(const Hop& hop) {
    if (++hops_ > kHopsMax) return end({Outcome::malformed, {}});
    if (hop.outcome != Outcome::found) return end({hop.outcome, {}});
    client_ = {Outcome::found, hop.address};
    return is_trusted(hop.address, proxies_);
  }
  bool end(ForwardedClient client) {
    client_ = client;
    return false;
  }
  const ForwardedClient& client() const { return client_; }

 private:
  std::span<const IpRange> proxies_;
  std::size_t hops_ = 0;
  ForwardedClient client_;
};

bool walk_list(std::string_view line, Walk& walk) {
  const bool longer = line.size() > kForwardedBytesMax;
  if (longer) line.remove_prefix(line.size() - kForwardedBytesMax);
  while (!line.empty()) {
    const std::size_t comma = line.rfind(',');
    if (comma == std::string_view::npos && longer) return walk.end({Outcome::malformed, {}});
    const std::string_view item = trimmed(comma == std::string_view::npos ? line : line.substr(comma + 1));
    line = comma == std::string_view::npos ? std::string_view{} : line.substr(0, comma);
    if (item.empty()) continue;  // RFC 9110 section 5.6.1.2
    if (!walk.step(hop_of_list(item))) return false;
  }
  return true;
}

// Takes one line of Forwarded apart, from its left: only so are quotes what they are.
class ForwardedLine {
 public:
  explicit ForwardedLine(std::string_view line) : rest_(line) {}

  // Nothing when it is malformed.
  std::optional<std::vector<Hop>> hops() {
    std::vector<Hop> hops;
    do {
      skip_blanks();
      if (rest_.empty() || rest_.front() == ',') continue;
      if (!element(hops)) return std::nullopt;
    } while (take(','));
    if (!rest_.empty()) return std::nullopt;
    return hops;
  }

 private:
  bool element(std::vector<Hop>& hops) {
    Hop hop{Outcome::unknown, {}};
    bool has_for = false;
    do {
      skip_blanks();
      if (rest_.empty() || rest_.front() == ';' || rest_.front() == ',') continue;
      const std::string_view name = token();
      if (name.empty() || !take('=')) return false;
      const auto value = rest_.starts_with('"') ? quoted_string() : unquoted();
      if (!value) return false;
      skip_blanks();
      if (!equal_ignoring_case(name, "for")) continue;
      if (has_for) return false;
      has_for = true;
      hop = hop_of_node(*value);
    } while (take(';'));
    hops.push_back(hop);
    return true;
  }

  std::string_view token() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_byte);
    const std::string_view token = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(token.size());
    return token;
  }

  std::optional<std::string> unquoted() {
    const std::string_view value = token();
    return value.empty() ? std::nullopt : std::optional<std::string>(value);
  }

  std::optional<std::string> quoted_string() {
    std::string text;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return text;
      }
      if (rest_[i] == '\\' && ++i == rest_.size()) break;
      text += rest_[i];
    }
    return std::nullopt;
  }

  void skip_blanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  bool take(char wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
};

bool walk_forwarded(std::string_view line, Walk& walk) {
  if (line.size() > kForwardedBytesMax) return walk.end({Outcome::malformed, {}});
  const auto hops = ForwardedLine(line).hops();
  if (!hops) return walk.end({Outcome::malformed, {}});
  return std::all_of(hops->rbegin(), hops->rend(), [&](const Hop& hop) { return walk.step(hop); });
}

}  // namespace

bool is_trusted(const IpAddress& address, std::span<const IpRange> proxies) {
  return std::any_of(proxies.begin(), proxies.end(),
                     [&](const IpRange& range) { return range.contains(address); });
}

ForwardedClient forwarded_client(const RequestHead& head, ForwardedBy header,
                                 std::span<const IpRange> proxies) {
  const bool is_list = header == ForwardedBy::x_forwarded_for;
  const std::string_view name = is_list ? "X-Forwarded-For" : "Forwarded";
  Walk walk(proxies);
  // Line by line, for a proxy may add one of its own behind whatever the client sent.
  for (auto line = head.headers.rbegin(); line != head.headers.rend(); ++line) {
    if (!equal_ignoring_case(line->name, name)) continue;
    if (!(is_list ? walk_list(line->value, walk) : walk_forwarded(line->value, walk))) break;
  }
  return walk.client();
}

}  // namespace carillon::http

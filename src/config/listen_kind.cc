#include "config/listen_kind.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstdint>
#include <optional>

#include "config/apply.h"
#include "config/listen_tls.h"

namespace carillon::config {
namespace {

// Appends the address at `place`, or reports an error.
void read_address(const Place& place, Reading& reading, std::vector<ListenSettings>& out) {
  if (place.node.kind != Node::Kind::string) {
    wrong_type(place, reading, R"(an address such as "127.0.0.1:8000")");
    return;
  }
  auto parsed = parse_listen(place.node.text);
  if (!parsed) {
    reading.fault(place, parsed.error().message);
    return;
  }
  for (auto& listen : *parsed) {
    listen.origin = place.origin;
    out.push_back(std::move(listen));
  }
}

// { addr = "…", tls = { … }, proxy_protocol = "on" }
void read_table(const Place& place, Reading& reading, std::vector<ListenSettings>& out) {
  std::vector<ListenSettings> here;
  ListenSettings rest;  // all but the address
  for (const Place& at : members_of(place)) {
    if (at.node.name == "addr") {
      read_address(at, reading, here);
    } else if (at.node.name == "tls") {
      rest.tls = read_listen_tls(at, reading);
    } else if (at.node.name == "proxy_protocol") {
      const auto on = SwitchKind{}.value(at, reading);
      if (on) rest.proxy_protocol = *on ? ProxyProtocol::on : ProxyProtocol::off;
    } else {
      reading.fault(at, unknown_key(at.node.name, {"addr", "tls", "proxy_protocol"}));
    }
  }
  if (place.node.find("addr") == nullptr) {
    reading.fault(place, R"(has no addr; write addr = "0.0.0.0:8000")");
  }
  for (auto& listen : here) {
    listen.tls = rest.tls;
    listen.proxy_protocol = rest.proxy_protocol;
    out.push_back(std::move(listen));
  }
}

// As it would be written.
std::string show_item(const ListenSettings& listen) {
  const std::string address = toml_quoted(show_listen(listen));
  const std::string tls = listen.tls ? ", tls = " + show_listen_tls(*listen.tls) : "";
  const std::string proxy = listen.proxy_protocol == ProxyProtocol::on ? ", proxy_protocol = \"on\"" : "";
  return tls.empty() && proxy.empty() ? address : cat({"{ addr = ", address, tls, proxy, " }"});
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// The address as the kernel writes it, so that two spellings of one are seen to be one.
std::optional<std::string> canonical(int family, const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  char text[INET6_ADDRSTRLEN];
  if (::inet_pton(family, host.c_str(), address) != 1) return std::nullopt;
  if (::inet_ntop(family, address, text, sizeof text) == nullptr) return std::nullopt;
  return std::string(text);
}

}  // namespace

Result<std::vector<ListenSettings>> parse_listen(std::string_view text) {
  const auto colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  const auto port = colon == std::string_view::npos ? std::nullopt : parse_port(text.substr(colon + 1));
  const bool in_brackets = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (!in_brackets && host.find(':') != std::string_view::npos) {
    return failure(quoted(text) + " is an IPv6 address without brackets; write \"[::1]:8000\"");
  }
  if (!port) return failure(quoted(text) + " has no port from 0 to 65535; write \"127.0.0.1:8000\"");
  if (host.empty() || host == "*") {
    return failure(quoted(text) +
                   " has no address; write \"0.0.0.0:8000\" and \"[::]:8000\" for all of them");
  }
  const std::uint16_t number = port.value_or(0);  // GCC 12 cannot see through *port that it is there
  std::vector<ListenSettings> out;
  if (host == "localhost") {
    out.push_back({"127.0.0.1", number, {}});
    out.push_back({"::1", number, {}});
    return out;
  }
  const auto address = in_brackets ? canonical(AF_INET6, std::string(host.substr(1, host.size() - 2)))
                                   : canonical(AF_INET, std::string(host));
  if (!address) {
    return failure(quoted(text) +
                   " has no numeric address; write one such as \"127.0.0.1:8000\", \"[::1]:8000\" or "
                   "\"localhost:8000\"");
  }
  if (address->starts_with("::ffff:") && address->find('.') != std::string::npos) {
    const std::string v4 = address->substr(address->rfind(':') + 1);
    return failure(
        cat({quoted(text), " is an IPv4-mapped IPv6 address, which cannot be listened on; write \"", v4, ":",
             std::to_string(number), "\""}));
  }
  out.push_back({*address, number, {}});
  return out;
}

bool is_loopback(const ListenSettings& listen) {
  return listen.host == "::1" || listen.host.substr(0, 4) == "127.";
}

std::string show_listen(const ListenSettings& listen) {
  const std::string port = std::to_string(listen.port);
  if (listen.host.find(':') == std::string::npos) return cat({listen.host, ":", port});
  return cat({"[", listen.host, "]:", port});
}

std::string ListenKind::show(const std::vector<ListenSettings>& field) const {
  std::string out;
  for (const auto& listen : field) out.append(out.empty() ? "[" : ", ").append(show_item(listen));
  return out + (out.empty() ? "[]" : "]");
}

void ListenKind::read(const Place& place, Reading& reading, std::vector<ListenSettings>& field) const {
  std::vector<Place> places{place};  // one string or table stands for an array of one
  if (place.node.kind == Node::Kind::array) {
    if (!fits(place, reading, kListenMax)) return;
    places = items_of(place);
    if (places.empty()) reading.fault(place, cat({"is empty; write ", example()}));
  }
  std::vector<ListenSettings> all;
  for (const Place& at : places) {
    if (at.node.kind == Node::Kind::table) {
      read_table(at, reading, all);
    } else {
      read_address(at, reading, all);
    }
  }
  field = std::move(all);
}

}  // namespace carillon::config

// The pairs of bounds.h that take the server's settings and an endpoint's to judge.
#include <algorithm>
#include <cstdint>

#include "config/check.h"
#include "config/quantity.h"
#include "config/text.h"

namespace carillon::config {
namespace {

// Bytes of a request head in addition to the token or key, its path and its header's
// name: Host, Upgrade, Connection, the WebSocket headers, Content-Type, Content-Length.
constexpr std::uint64_t kOtherHeadBytes = 256;

std::uint64_t what_is_left(std::uint64_t limit, std::uint64_t taken) {
  return limit > taken ? limit - taken : 0;
}

// Room for a token or key at one place of a request, and the setting that bounds it.
struct Room {
  std::uint64_t bytes = 0;
  std::string_view setting;  // "server.head_bytes_max"
  std::uint64_t value = 0;   // its value
};

Room room_in_header(const ServerSettings& server, std::size_t path_bytes, std::size_t name_bytes) {
  const std::uint64_t taken = kOtherHeadBytes + path_bytes + name_bytes;
  return {what_is_left(server.head_bytes_max, taken), "server.head_bytes_max", server.head_bytes_max};
}

Room room_at(const TokenPlace& place, const EndpointSettings& endpoint, const ServerSettings& server) {
  if (place.source != TokenSource::query) {
    return room_in_header(server, endpoint.path.size(), place.name.size());
  }
  constexpr std::string_view kAround = "GET ?= HTTP/1.1";
  return {
      what_is_left(server.request_line_bytes_max, kAround.size() + endpoint.path.size() + place.name.size()),
      "server.request_line_bytes_max", server.request_line_bytes_max};
}

// The largest of the places where the endpoint looks.
Room room_for_token(const EndpointSettings& endpoint, const ServerSettings& server) {
  Room largest;
  for (const TokenPlace& place : endpoint.auth.sources) {
    const Room room = room_at(place, endpoint, server);
    if (largest.setting.empty() || room.bytes > largest.bytes) largest = room;
  }
  return largest;
}

class BoundsCheck {
 public:
  BoundsCheck(Settings& settings, const Written& server, const Origin& file, Report& report)
      : settings_(settings), written_(server), file_(file), report_(report) {}

  void all() {
    const bool heads_read = !report_.has_error_at("server.head_bytes_max") &&
                            !report_.has_error_at("server.request_line_bytes_max");
    if (heads_read) {
      tokens();
      publishing_keys();
    }
    socket_buffers();
    http_connections();
    backlog();
    for (std::size_t i = 0; i < settings_.endpoints.size(); ++i) {
      endpoint_ = &settings_.endpoints[i];
      prefix_ = cat({"endpoint[", std::to_string(i), "]."});
      if (heads_read) keys_of_endpoint();
      limits();
      selection();
      published_messages();
    }
  }

 private:
  void tokens() {
    std::uint32_t& tokens = settings_.server.token_bytes_max;
    if (report_.has_error_at("server.token_bytes_max")) return;
    const bool automatic = tokens == 0 || !is_written(written_, "token_bytes_max");
    if (automatic) tokens = ServerSettings{}.token_bytes_max;
    for (const EndpointSettings& endpoint : settings_.endpoints) {
      if (endpoint.auth.mode != AuthMode::jwt || endpoint.auth.sources.empty()) continue;
      const Room room = room_for_token(endpoint, settings_.server);
      if (automatic || tokens <= room.bytes) continue;
      report_.error(origin_in(written_, "token_bytes_max", file_), "server.token_bytes_max",
                    cat({show_size(tokens), " do not fit where the endpoint ", quoted(endpoint.name),
                         " looks for tokens: ", room.setting, " = ", show_size(room.value), " leaves ",
                         std::to_string(room.bytes), " bytes; write at most that, \"auto\", or ",
                         room.setting, " = ", std::to_string(room.value + tokens - room.bytes)}));
      return;
    }
  }

  // The first key that does not fit; keys are named by number, for their text is a secret.
  std::string misfit(const std::vector<Secret>& keys, const Room& room) const {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const std::size_t size = keys[i].reveal().size();
      if (size > room.bytes) return is_too_long(size, room, cat({"key ", std::to_string(i), " "}));
    }
    return {};
  }
  static std::string is_too_long(std::size_t size, const Room& room, const std::string& which) {
    return cat({which, "has ", std::to_string(size), " bytes, and ", room.setting, " = ",
                show_size(room.value), " leaves ", std::to_string(room.bytes),
                " for it; write a shorter key, or a larger ", room.setting});
  }

  void publishing_keys() {
    const Room room = room_in_header(settings_.server, std::string_view("/v1/publish").size(), 0);
    if (const std::string why = misfit(settings_.api.keys, room); !why.empty()) {
      report_.error(file_, "api.keys", why);
    }
    const auto routes = [&](const std::vector<RouteSettings>& all, const std::string& prefix) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        const std::size_t size = all[i].key.reveal().size();
        const Room here = room_in_header(settings_.server, all[i].path.size(), 0);
        if (size <= here.bytes) continue;
        report_.error(all[i].origin_of("key"), cat({prefix, "route[", std::to_string(i), "].key"}),
                      is_too_long(size, here, ""));
      }
    };
    routes(settings_.routes, "");
    for (std::size_t e = 0; e < settings_.endpoints.size(); ++e) {
      routes(settings_.endpoints[e].routes, cat({"endpoint[", std::to_string(e), "]."}));
    }
  }

  void keys_of_endpoint() {
    const EndpointAuth& auth = endpoint_->auth;
    if (auth.mode != AuthMode::api_key || auth.sources.empty()) return;
    const std::string why = misfit(auth.api_keys, room_for_token(*endpoint_, settings_.server));
    if (!why.empty()) report_.error(endpoint_->origin_of("auth.api_keys"), prefix_ + "auth.api_keys", why);
  }

  void http_connections() {
    const ServerSettings& server = settings_.server;
    const std::uint64_t of_one_address = server.http_connections_per_ip.value.value_or(0);
    if (server.http_connections_max == 0 || of_one_address <= server.http_connections_max) return;
    if (!is_written(written_, "http_connections_per_ip")) return;  // the default may well be over it
    report_.warning(
        origin_in(written_, "http_connections_per_ip", file_), "server.http_connections_per_ip",
        cat({std::to_string(of_one_address), " is never reached, because server.http_connections_max is ",
             std::to_string(server.http_connections_max), "; write at most that"}));
  }

  void socket_buffers() {
    const ServerSettings& server = settings_.server;
    if (server.send_buffer_bytes == 0 || server.notsent_low_water_bytes <= server.send_buffer_bytes) return;
    const std::string_view own =
        is_written(written_, "notsent_low_water_bytes") ? "notsent_low_water_bytes" : "send_buffer_bytes";
    report_.warning(origin_in(written_, own, file_), "server.notsent_low_water_bytes",
                    cat({show_size(server.notsent_low_water_bytes), " is over server.send_buffer_bytes = ",
                         show_size(server.send_buffer_bytes), " and never reached; write at most that"}));
  }

  void backlog() {
    const std::uint64_t budget = settings_.server.backlog_bytes_max;
    const std::uint64_t event = settings_.bus.event_bytes_max;
    if (budget == 0 || event <= budget) return;
    report_.error(
        origin_in(written_, "backlog_bytes_max", file_), "server.backlog_bytes_max",
        cat({show_size(budget), " is less than bus.event_bytes_max = ", show_size(event),
             ", so that one such event would close every connection; write at least that, or \"auto\""}));
  }

  // Of what the author of the file wrote; a profile's value may well be over the process's.
  bool of_file(std::string_view key) const {
    return is_written(endpoint_->origins_by_key, key) &&
           endpoint_->origin_of(key).source == endpoint_->origin.source;
  }

  void never_reached(std::string_view key, const Limit& limit, std::string_view over, const Limit& other) {
    if (!limit.value || !other.value || *limit.value <= *other.value || !of_file(key)) return;
    report_.warning(endpoint_->origin_of(key), prefix_ + std::string(key),
                    cat({std::to_string(*limit.value), " is never reached, because ", over, " is ",
                         std::to_string(*other.value), "; write at most that"}));
  }

  void limits() {
    const auto& limits = endpoint_->limits;
    const Limit process = Limit::of(settings_.server.connections_max);
    never_reached("limits.connections", limits.connections, "server.connections_max", process);
    never_reached("limits.connections_per_ip", limits.connections_per_ip, "limits.connections",
                  limits.connections);
    never_reached("limits.connections_per_user", limits.connections_per_user, "limits.connections",
                  limits.connections);
    const std::uint64_t budget = settings_.server.backlog_bytes_max;
    never_reached("lag.bytes_max", Limit::of(endpoint_->lag.bytes_max), "server.backlog_bytes_max",
                  budget == 0 ? Limit::off() : Limit::of(budget));
    for (std::size_t i = 0; budget != 0 && i < endpoint_->lag.overrides.size(); ++i) {
      const LagOverride& each = endpoint_->lag.overrides[i];
      if (each.bytes_max <= budget || each.origin.source != endpoint_->origin.source) continue;
      report_.warning(
          each.origin, cat({prefix_, "lag.overrides[", std::to_string(i), "].bytes_max"}),
          cat({std::to_string(each.bytes_max), " is never reached, because server.backlog_bytes_max is ",
               std::to_string(budget), "; write at most that"}));
    }
    never_reached("limits.channels", Limit::of(limits.channels), "server.channels_max",
                  Limit::of(settings_.server.channels_max));
  }

  void selection() {
    const SelectSettings& select = endpoint_->select;
    if (select.by != SelectBy::query || !select.known.empty()) return;
    if (select.otherwise.size() <= endpoint_->limits.channels) return;
    const std::string_view key = of_file("select.otherwise") ? "select.otherwise" : "limits.channels";
    report_.error(endpoint_->origin_of(key), prefix_ + "select.otherwise",
                  cat({"has ", std::to_string(select.otherwise.size()),
                       " values, and limits.channels = ", std::to_string(endpoint_->limits.channels),
                       ", so that a client which lists nothing is refused; write fewer, or a higher limit"}));
  }

  void published_messages() {
    const Limit& message = endpoint_->inbound.message_bytes_max;
    const std::uint64_t event = settings_.bus.event_bytes_max;
    if (endpoint_->client_publish == Switch::off || !message.value || *message.value <= event) return;
    const std::string_view key =
        of_file("inbound.message_bytes_max") ? "inbound.message_bytes_max" : "client_publish";
    report_.warning(endpoint_->origin_of(key), prefix_ + "inbound.message_bytes_max",
                    cat({show_size(*message.value), " is over bus.event_bytes_max = ", show_size(event),
                         ", so that the bus refuses what longer messages publish; write at most that"}));
  }

  Settings& settings_;
  const Written& written_;
  const Origin& file_;
  Report& report_;
  const EndpointSettings* endpoint_ = nullptr;  // the one at hand
  std::string prefix_;
};

}  // namespace

void check_bounds(Settings& settings, const Written& server, const Origin& file, Report& report) {
  BoundsCheck(settings, server, file, report).all();
}

}  // namespace carillon::config

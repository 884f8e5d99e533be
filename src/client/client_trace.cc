#include "client/client_trace.h"

#include <vector>

#include "client/proxy.h"

namespace carillon::client {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

// Where the payload of an unmasked frame begins and ends (RFC 6455 section 5.2).
struct FramePlace {
  std::size_t begin;
  std::size_t end;
};
std::optional<FramePlace> first_frame(std::string_view frames) {
  if (frames.size() < 2) return std::nullopt;
  std::uint64_t length = byte_at(frames, 1) & 0x7fU;
  const std::size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (frames.size() < 2 + extra) return std::nullopt;
  if (extra > 0) length = 0;
  for (std::size_t i = 0; i < extra; ++i) length = length << 8U | byte_at(frames, 2 + i);
  if (length > frames.size() - 2 - extra) return std::nullopt;
  return FramePlace{2 + extra, 2 + extra + static_cast<std::size_t>(length)};
}

}  // namespace

std::optional<std::uint16_t> close_code_in(std::string_view frames) {
  constexpr unsigned kClose = 0x88;
  while (const auto place = first_frame(frames)) {
    if (byte_at(frames, 0) == kClose) {
      if (place->end - place->begin < 2) return std::nullopt;
      return static_cast<std::uint16_t>(byte_at(frames, place->begin) << 8U |
                                        byte_at(frames, place->begin + 1));
    }
    frames.remove_prefix(place->end);
  }
  return std::nullopt;
}

std::string ClientTrace::connection_id(Index index) const {
  return std::to_string(parts_.shard) + '-' + std::to_string(index) + '-' +
         std::to_string(parts_.connections[index].generation);
}

std::string ClientTrace::address_of(Index index) const {
  const auto opened = opened_.find(index);
  if (opened != opened_.end()) return opened->second.address.text();
  std::string peer = parts_.sockets.peer_host(parts_.connections[index].fd);
  const auto address = IpAddress::parse(peer);
  if (address && is_trusted_proxy(*address, parts_.shared.settings->server)) return {};
  return peer;
}

void ClientTrace::on_open(Index index, const IpAddress& address, MonoTime now) {
  if (!is_on()) return;
  opened_.insert_or_assign(index, Opened{now, address});
  note(index, "client connected");
}

void ClientTrace::note(Index index, std::string_view message, std::string_view channel,
                       std::string_view why) {
  if (!is_on()) return;
  const Connection& connection = parts_.connections[index];
  const std::string id = connection_id(index);
  const std::string address = address_of(index);
  std::vector<LogField> fields = {
      {"endpoint", std::string_view(parts_.shared.endpoints[connection.endpoint].settings.name)},
      {"user", connection.identity ? connection.identity->subject() : std::string_view()},
      {"address", std::string_view(address)},
      {"connectionId", std::string_view(id)}};
  if (!channel.empty()) fields.push_back({"channel", channel});
  if (!why.empty()) fields.push_back({"reason", why});
  parts_.shared.log.write_fields(LogLevel::debug, message, fields);
}

void ClientTrace::on_close(Index index, CloseReason why, std::string_view last_bytes, MonoTime now) {
  const auto opened = opened_.find(index);
  if (!is_on()) {
    if (opened != opened_.end()) opened_.erase(opened);
    return;
  }
  const Connection& connection = parts_.connections[index];
  const std::string id = connection_id(index);
  const std::string address = address_of(index);
  const SendState sent = parts_.sockets.send_state(connection.fd);
  std::vector<LogField> fields = {
      {"endpoint", std::string_view(parts_.shared.endpoints[connection.endpoint].settings.name)},
      {"user", connection.identity ? connection.identity->subject() : std::string_view()},
      {"address", std::string_view(address)},
      {"connectionId", std::string_view(id)},
      {"reason", name_of(why)}};
  const bool has_frames = !parts_.shared.endpoints[connection.endpoint].is_stream();
  if (const auto code = has_frames ? close_code_in(last_bytes) : std::nullopt)
    fields.push_back({"code", std::int64_t{*code}});
  if (opened != opened_.end()) {
    const auto age = std::chrono::duration_cast<milliseconds>(now - opened->second.at);
    fields.push_back({"age_ms", std::int64_t{age.count()}});
    opened_.erase(opened);
  }
  fields.push_back({"sent_bytes", static_cast<std::int64_t>(sent.acked)});
  if (const auto backlog = parts_.fan_out.backlog_bytes(index)) {
    fields.push_back({"backlog_bytes", static_cast<std::int64_t>(*backlog + sent.waiting)});
  }
  parts_.shared.log.write_fields(LogLevel::debug, "client disconnected", fields);
}

}  // namespace carillon::client

#include "app/process/handover.h"

#include <string>
#include <utility>

#include "app/process/message_members.h"
#include "auth/base64url.h"
#include "json/reader.h"
#include "json/writer.h"

namespace carillon::app {
namespace {

constexpr std::int64_t kFormat = 1;

void write_socket(json::ObjectWriter socket, const client::ListenerOptions& options,
                  const config::ListenSettings& address) {
  socket.member("host", address.host).member("port", address.port);
  socket.member("shared", options.is_shared);
  socket.member("proxy_protocol", address.proxy_protocol == config::ProxyProtocol::on);
  if (address.tls) {
    socket.member("cert", address.tls->cert_pem).member("key", address.tls->key_pem.reveal());
  }
}

std::optional<gateway::InheritedSocket> read_socket(const json::Value& value,
                                                    reactor::FileDescriptor descriptor) {
  const auto host = text_in(value, "host");
  const auto port = number_in(value, "port");
  if (!host || !port || *port < 0 || *port > 65'535) return std::nullopt;
  gateway::InheritedSocket socket;
  socket.address = {*host, static_cast<std::uint16_t>(*port)};
  socket.socket = std::move(descriptor);
  const auto proxy = value.find("proxy_protocol");
  if (proxy && proxy->boolean().value_or(false)) socket.proxy_protocol = config::ProxyProtocol::on;
  const auto shared = value.find("shared");
  socket.is_shared = shared && shared->boolean().value_or(false);
  const auto certificate = text_in(value, "cert");
  const auto key = text_in(value, "key");
  if (certificate && key) {
    auto tls = std::make_shared<config::ListenTls>();
    tls->cert_pem = *certificate;
    tls->key_pem = Secret(*key);
    socket.tls = std::move(tls);
  }
  return socket;
}

void write_tickets(json::ArrayWriter array, const std::vector<reactor::TicketKey>& tickets) {
  for (const reactor::TicketKey& each : tickets) {
    array.object()
        .member("key", auth::encode_base64url(each.bytes.reveal()))
        .member("made_at_ms", std::int64_t{each.made_at.time_since_epoch().count()});
  }
}

std::optional<gateway::InheritedNumbers> read_numbers(const json::Value& message) {
  const auto value = message.find("events");
  if (!value) return std::nullopt;
  const auto epoch = long_number_in(*value, "epoch");
  const auto last = long_number_in(*value, "last");
  const auto channel = text_in(*value, "marker_channel");
  if (!epoch || !last || !channel) return std::nullopt;
  return gateway::InheritedNumbers{*epoch, *last, *channel};
}

// Skips what it cannot read: without its key a client has one full handshake more.
std::vector<reactor::TicketKey> read_tickets(const json::Value& array) {
  std::vector<reactor::TicketKey> tickets;
  for (const json::Value& value : array.elements()) {
    std::string bytes;
    const auto text = text_in(value, "key");
    const auto made_at = number_in(value, "made_at_ms");
    if (!text || !made_at || !auth::decode_base64url(*text, bytes)) continue;
    tickets.push_back({Secret(std::move(bytes)), WallTime(milliseconds(*made_at))});
  }
  return tickets;
}

}  // namespace

std::string handover_message(std::int64_t pid, std::optional<std::chrono::microseconds> watchdog,
                             const std::vector<client::ListenerOptions>& sockets,
                             const std::vector<config::ListenSettings>& addresses,
                             const std::vector<reactor::TicketKey>& tickets,
                             const std::optional<gateway::InheritedNumbers>& numbers) {
  std::string message;
  json::ObjectWriter writer(message);
  writer.member("format", kFormat).member("pid", pid);
  if (watchdog) writer.member("watchdog_usec", std::int64_t{watchdog->count()});
  if (numbers) {
    writer.object("events")
        .member("epoch", std::to_string(numbers->epoch))
        .member("last", std::to_string(numbers->last_event))
        .member("marker_channel", numbers->marker_channel);
  }
  write_tickets(writer.array("ticket_keys"), tickets);
  {
    json::ArrayWriter array = writer.array("sockets");
    for (const client::ListenerOptions& each : sockets) {
      write_socket(array.object(), each, addresses[each.number]);
    }
  }
  writer.close();
  return message;
}

Result<Handover> read_handover(std::string_view message, std::vector<reactor::FileDescriptor> descriptors) {
  const auto parsed = json::parse(message);
  if (!parsed) return failure("the other process sent something that is not JSON");
  if (number_in(*parsed, "format") != kFormat) {
    return failure("the other process uses another format; restart instead of taking over");
  }
  Handover handover;
  handover.pid = number_in(*parsed, "pid").value_or(0);
  const auto usec = number_in(*parsed, "watchdog_usec");
  if (usec && *usec > 0) handover.watchdog = std::chrono::microseconds(*usec);
  handover.inheritance.from = gateway::Inheritance::From::another_process;
  if (const auto tickets = parsed->find("ticket_keys"))
    handover.inheritance.ticket_keys = read_tickets(*tickets);
  handover.inheritance.numbers = read_numbers(*parsed);
  std::size_t next = 0;
  const auto sockets = parsed->find("sockets");
  if (!sockets) return failure("the other process sent no sockets");
  for (const json::Value& value : sockets->elements()) {
    if (next == descriptors.size()) return failure("the other process sent too few sockets");
    auto socket = read_socket(value, std::move(descriptors[next++]));
    if (!socket) return failure("the other process sent a socket without an address");
    handover.inheritance.sockets.push_back(std::move(*socket));
  }
  if (next != descriptors.size()) return failure("the other process sent too many sockets");
  return handover;
}

}  // namespace carillon::app

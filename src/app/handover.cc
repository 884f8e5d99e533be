#include "app/handover.h"

#include <utility>

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

std::optional<std::string> text_in(const json::Value& object, std::string_view name) {
  const auto value = object.find(name);
  if (!value) return std::nullopt;
  const auto text = value->string();
  return text ? std::optional(*text) : std::nullopt;
}

std::optional<std::int64_t> number_in(const json::Value& object, std::string_view name) {
  const auto value = object.find(name);
  if (!value) return std::nullopt;
  const auto number = value->integer();
  return number ? std::optional(*number) : std::nullopt;
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

}  // namespace

std::string handover_message(std::int64_t pid, std::optional<std::chrono::microseconds> watchdog,
                             const std::vector<client::ListenerOptions>& sockets,
                             const std::vector<config::ListenSettings>& addresses,
                             const reactor::TicketKeys& tickets) {
  std::string message;
  json::ObjectWriter writer(message);
  writer.member("format", kFormat).member("pid", pid);
  if (watchdog) writer.member("watchdog_usec", std::int64_t{watchdog->count()});
  writer.member("ticket_keys", auth::encode_base64url(tickets.bytes.reveal()));
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
  if (const auto text = text_in(*parsed, "ticket_keys")) {
    std::string keys;
    if (auth::decode_base64url(*text, keys) && keys.size() == reactor::TicketKeys::kBytes) {
      handover.inheritance.ticket_keys = reactor::TicketKeys{Secret(std::move(keys))};
    }
  }
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

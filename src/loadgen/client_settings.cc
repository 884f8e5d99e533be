#include "loadgen/client_settings.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>

namespace carillon::loadgen {
namespace {

void bind_source(int fd, std::uint32_t source) {
  const int yes = 1;
  // The port is chosen at connect(), when the whole pair is known, so that ports of one address last.
  ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + source);
  // A connection that could not be bound has another source address, and connects all the same.
  static_cast<void>(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

}  // namespace

std::string_view websocket_key() { return "Y2FyaWxsb24gYmVuY2ghIQ=="; }

std::string request_of(const ClientSettings& settings, std::uint32_t client) {
  const std::string token = settings.token_of ? settings.token_of(client) : std::string();
  std::string request = "GET " + settings.target.of(client);
  if (!token.empty() && settings.token_place == TokenPlace::query) {
    request += request.find('?') == std::string::npos ? '?' : '&';
    request += settings.token_param + '=' + token;
  }
  request += " HTTP/1.1\r\nHost: " + settings.host_header + "\r\n";
  if (!token.empty() && settings.token_place == TokenPlace::bearer) {
    request += "Authorization: Bearer " + token + "\r\n";
  }
  if (settings.transport == Transport::sse) return request + "Accept: text/event-stream\r\n\r\n";
  request += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";
  return request.append(websocket_key()) + "\r\n\r\n";
}

int begin_connecting(const ClientSettings& settings, std::uint32_t client) {
  const int fd = ::socket(settings.address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fd;
  if (settings.sources) bind_source(fd, client % *settings.sources);
  if (::connect(fd, settings.address.get(), settings.address.size()) == 0 || errno == EINPROGRESS) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

}  // namespace carillon::loadgen

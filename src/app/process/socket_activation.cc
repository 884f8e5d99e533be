#include "app/process/socket_activation.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "reactor/listener.h"

namespace carillon::app {
namespace {

constexpr int kFirst = 3;
constexpr int kSocketsMax = 64;

// 0: none, or not a number.
int number_in(const std::optional<std::string>& text) {
  int number = 0;
  if (!text) return 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  return error == std::errc() && end == text->data() + text->size() && number > 0 ? number : 0;
}

bool is_listening(int fd) {
  int listens = 0;
  socklen_t size = sizeof listens;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

Result<gateway::InheritedSocket> take(int fd, const std::vector<config::ListenSettings>& listen) {
  gateway::InheritedSocket taken;
  taken.socket = reactor::FileDescriptor(fd);
  const auto address = reactor::local_address(fd);
  if (!address || !is_listening(fd)) {
    return failure("the service manager passed descriptor " + std::to_string(fd) +
                   ", which is not a listening TCP socket; write ListenStream=ADDRESS:PORT in its unit");
  }
  const auto found = std::find_if(listen.begin(), listen.end(), [&](const config::ListenSettings& each) {
    return each.host == address->host && each.port == address->port;
  });
  if (found == listen.end()) {
    return failure("the service manager passed a socket for " + address->text() +
                   ", which is not in server.listen; write it there, or leave it out of the unit");
  }
  taken.address = *address;
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  return taken;
}

}  // namespace

Result<gateway::Inheritance> sockets_of_the_service_manager(
    const EnvironmentVariable& variable, std::int64_t own_pid,
    const std::vector<config::ListenSettings>& listen) {
  gateway::Inheritance inheritance;
  const int count = number_in(variable("LISTEN_FDS"));
  if (count == 0 || variable("LISTEN_PID") != std::to_string(own_pid)) return inheritance;
  if (count > kSocketsMax)
    return failure("the service manager passed " + std::to_string(count) + " sockets; at most 64");
  inheritance.from = gateway::Inheritance::From::service_manager;
  for (int i = 0; i < count; ++i) {
    auto socket = take(kFirst + i, listen);
    if (!socket) return tl::unexpected(socket.error());
    inheritance.sockets.push_back(std::move(*socket));
  }
  return inheritance;
}

}  // namespace carillon::app

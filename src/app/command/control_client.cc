#include "app/command/control_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "loadgen/http_stream.h"
#include "reactor/descriptor_message.h"
#include "reactor/listener.h"

namespace carillon::app {
namespace {

constexpr std::size_t kAnswerBytesMax = 16 * 1024 * 1024;

std::string reason_and_remedy(int error) {
  switch (error) {
    case ENOENT:
    case ECONNREFUSED:
      return "no gateway listens there; start it with server.control set to this path, or name another with "
             "--control";
    case EACCES:
    case EPERM:
      return "permission denied; run this as the user of the gateway";
    case EAGAIN:
      return "the gateway did not answer in time";
    default:
      return std::generic_category().message(error);
  }
}

tl::unexpected<Error> cannot_ask(const std::string& path, int error) {
  return failure(path + ": " + reason_and_remedy(error));
}

Result<reactor::FileDescriptor> connect_to(const std::string& path, seconds patience) {
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) return failure(path + ": the path is too long for a socket");
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  reactor::FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval limit{patience.count(), 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return cannot_ask(path, errno);
  }
  return socket;
}

}  // namespace

Result<ControlAnswer> ask_control(const std::string& socket_path, std::string_view method,
                                  std::string_view target, seconds patience) {
  auto socket = connect_to(socket_path, patience);
  if (!socket) return tl::unexpected(socket.error());
  const std::string request = std::string(method) + " " + std::string(target) +
                              " HTTP/1.1\r\nHost: carillon\r\nContent-Length: 0\r\n\r\n";
  if (::send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return cannot_ask(socket_path, errno);
  }
  std::string all;
  std::vector<reactor::FileDescriptor> descriptors;
  char bytes[16 * 1024];
  for (;;) {  // the gateway closes the connection after its answer
    const ssize_t count = reactor::receive_with_descriptors(socket->get(), bytes, descriptors);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_ask(socket_path, errno);
    if (count == 0) break;
    all.append(bytes, static_cast<std::size_t>(count));
    if (all.size() > kAnswerBytesMax) return failure(socket_path + ": the answer is too long");
  }
  const std::size_t end = all.find("\r\n\r\n");
  const loadgen::AnswerHead head = loadgen::read_answer_head(std::string_view(all).substr(0, end));
  if (end == std::string::npos || head.status == 0) {
    return failure(socket_path + ": what answers there is not Carillon's control socket");
  }
  return ControlAnswer{head.status, all.substr(end + 4), std::move(descriptors)};
}

}  // namespace carillon::app

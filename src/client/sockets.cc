#include "client/sockets.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace carillon::client {
namespace {

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// Repeats a call that a signal interrupted. Reporting "would block" instead would stall the connection, since
// no epoll edge follows.
template <class Call>
ssize_t through_signals(Call call) {
  ssize_t result = 0;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

class KernelSockets final : public Sockets {
 public:
  reactor::Accepted accept(int listener_fd, int notsent_low_water_bytes) override {
    return reactor::accept_from(listener_fd, notsent_low_water_bytes);
  }

  ReadResult read(int fd, std::span<char> into) override {
    const ssize_t count = through_signals([&] { return ::recv(fd, into.data(), into.size(), MSG_DONTWAIT); });
    if (count > 0) return {ReadResult::State::bytes, static_cast<std::size_t>(count)};
    if (count == 0) return {ReadResult::State::end, 0};
    return {would_block(errno) ? ReadResult::State::nothing_now : ReadResult::State::broken, 0};
  }

  WriteResult write(int fd, const iovec* pieces, int count) override {
    using State = WriteResult::State;
    ssize_t written = 0;
    if (count == 1) {  // send() is a little cheaper than sendmsg()
      written = through_signals(
          [&] { return ::send(fd, pieces->iov_base, pieces->iov_len, MSG_DONTWAIT | MSG_NOSIGNAL); });
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(pieces);
      message.msg_iovlen = static_cast<std::size_t>(count);
      written = through_signals([&] { return ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL); });
    }
    if (written >= 0) return {static_cast<std::size_t>(written), State::ok};
    return {0, would_block(errno) ? State::blocked : State::broken};
  }

  void shut_down_writing(int fd) override { ::shutdown(fd, SHUT_WR); }
  void close(int fd) override { ::close(fd); }

  std::string peer_host(int fd) override {
    const auto peer = reactor::peer_address(fd);
    return peer ? peer->host : std::string();
  }

  void reset(int fd) override {
    const linger at_once{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd);
  }

  SendState send_state(int fd) override {
    tcp_info info{};
    socklen_t size = sizeof info;
    int waiting = 0;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || ::ioctl(fd, SIOCOUTQ, &waiting) != 0) {
      return {};
    }
    return {info.tcpi_bytes_acked, static_cast<std::uint64_t>(waiting)};
  }

  MonoTime precise_now() override { return mono_now(); }
};

}  // namespace

Sockets& kernel_sockets() {
  static constinit KernelSockets sockets;
  return sockets;
}

}  // namespace carillon::client

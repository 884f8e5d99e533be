#include "reactor/reuseport_group.h"

#include <linux/filter.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace carillon::reactor {

// A program that returns a number which no socket has would leave the choice to the kernel; this one does
// not.
Result<void> steer_to_first(int fd, std::uint32_t count) {
  sock_filter steps[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)},
      {BPF_ALU | BPF_MOD | BPF_K, 0, 0, count},
      {BPF_RET | BPF_A, 0, 0, 0},
  };
  const sock_fprog program{std::size(steps), steps};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) != 0) {
    return failure(std::generic_category().message(errno));
  }
  return {};
}

void stop_steering(int fd) {
  const int unused = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof unused);
}

// For a listening socket tcpi_unacked is the length of its queue.
std::optional<std::uint32_t> waiting_connections(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return info.tcpi_unacked;
}

}  // namespace carillon::reactor

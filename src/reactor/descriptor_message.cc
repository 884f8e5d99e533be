#include "reactor/descriptor_message.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

#include "base/assert.h"

namespace carillon::reactor {
namespace {

// Large and aligned enough for the header and all descriptors of one message.
struct alignas(cmsghdr) ControlBuffer {
  char bytes[CMSG_SPACE(sizeof(int) * kDescriptorsAMessage)];
};

msghdr message_of(iovec& piece, ControlBuffer& control) {
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  return message;
}

}  // namespace

ssize_t send_with_descriptors(int socket, std::string_view bytes, std::span<const int> descriptors,
                              int flags) {
  CARILLON_ASSERT(!bytes.empty() && !descriptors.empty() && descriptors.size() <= kDescriptorsAMessage);
  iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  ControlBuffer control{};
  msghdr message = message_of(piece, control);
  message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(header), descriptors.data(), descriptors.size_bytes());
  return ::sendmsg(socket, &message, flags);
}

ssize_t receive_with_descriptors(int socket, std::span<char> into, std::vector<FileDescriptor>& descriptors) {
  iovec piece{into.data(), into.size()};
  ControlBuffer control{};
  msghdr message = message_of(piece, control);
  const ssize_t count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (count < 0) return count;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each != nullptr; each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != SOL_SOCKET || each->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t bytes = each->cmsg_len - CMSG_LEN(0);
    for (std::size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(each) + at, sizeof descriptor);
      descriptors.emplace_back(descriptor);
    }
  }
  return count;
}

}  // namespace carillon::reactor

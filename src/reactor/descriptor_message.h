// Bytes together with open descriptors, over a Unix socket (SCM_RIGHTS, unix(7)).
//
// Thread: any; a socket is used by one at a time.
#pragma once

#include <sys/types.h>

#include <span>
#include <string_view>
#include <vector>

#include "reactor/listener.h"

namespace carillon::reactor {

// The most descriptors of one message: the kernel's limit is 253.
inline constexpr std::size_t kDescriptorsAMessage = 250;

// As send(), with copies of the descriptors. At most kDescriptorsAMessage of them and at least one byte.
ssize_t send_with_descriptors(int socket, std::string_view bytes, std::span<const int> descriptors,
                              int flags);
// As recv(). Appends the descriptors that came with the bytes; they are closed on exec.
ssize_t receive_with_descriptors(int socket, std::span<char> into, std::vector<FileDescriptor>& descriptors);

}  // namespace carillon::reactor

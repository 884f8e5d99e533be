// UnixListener: a listening Unix socket at a path in the file system, which only its user may open.
//
// The path is created under another name and then renamed, so that a client finds either the old socket or
// the new one, and never one without the right mode. A path left behind by a process that has ended is
// replaced.
//
// Thread: one. Blocks for a file system call or two: for start-up.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "reactor/listener.h"

namespace carillon::reactor {

class UnixListener {
 public:
  // The longest path that the kernel takes (sockaddr_un).
  static constexpr std::size_t kPathBytesMax = 107;

  // `taken_over`: whether the path may belong to a running process, which this one replaces.
  enum class Existing { refuse, replace };
  static Result<UnixListener> bind(const std::string& path, int backlog,
                                   Existing existing = Existing::refuse);

  UnixListener() = default;
  UnixListener(UnixListener&& other) noexcept = default;
  UnixListener& operator=(UnixListener&& other) noexcept = default;
  // Removes the path if it still leads to this socket.
  ~UnixListener();

  int fd() const { return socket_.get(); }

 private:
  FileDescriptor socket_;
  std::string path_;
  ino_t inode_ = 0;
};

}  // namespace carillon::reactor

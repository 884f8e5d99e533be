#include "reactor/unix_listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <utility>

namespace carillon::reactor {
namespace {

tl::unexpected<Error> cannot_listen(const std::string& path, const std::string& why) {
  return failure("cannot listen on " + path + ": " + why);
}

std::string reason_and_remedy(int error, const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  switch (error) {
    case ENOENT:
      return "there is no folder " + folder + "; create it, or choose another path";
    case EACCES:
    case EPERM:
      return "permission denied; give this user the folder " + folder + ", or choose another path";
    case EROFS:
      return "the file system is read-only; choose another path, such as one below /run";
    default:
      return std::generic_category().message(error);
  }
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

bool is_in_use(const std::string& path) {
  const FileDescriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(path);
  // EAGAIN: the queue of a process that listens is full.
  return ::connect(probe.get(), generic(address), sizeof address) == 0 || errno == EAGAIN;
}

// What stands in the way of a socket at this path, if anything.
std::string obstacle_at(const std::string& path, UnixListener::Existing existing) {
  if (path.size() + 12 > UnixListener::kPathBytesMax)
    return "the path is too long; write one of at most 95 bytes";
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode)) return "there is a file that is not a socket; choose another path";
  if (existing == UnixListener::Existing::refuse && is_in_use(path)) {
    return "another process uses it; stop that one, or choose another path";
  }
  return {};
}

}  // namespace

Result<UnixListener> UnixListener::bind(const std::string& path, int backlog, Existing existing) {
  if (const std::string why = obstacle_at(path, existing); !why.empty()) return cannot_listen(path, why);
  UnixListener listener;
  listener.socket_ = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const std::string draft = path + "." + std::to_string(::getpid());
  ::unlink(draft.c_str());
  const sockaddr_un address = address_of(draft);
  // The mode of the new file is the socket's own: fchmod() before bind() on Linux.
  if (::fchmod(listener.socket_.get(), S_IRUSR | S_IWUSR) != 0 ||
      ::bind(listener.socket_.get(), generic(address), sizeof address) != 0 ||
      ::chmod(draft.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(listener.socket_.get(), backlog) != 0) {
    const int error = errno;
    ::unlink(draft.c_str());
    return cannot_listen(path, reason_and_remedy(error, path));
  }
  struct stat made {};
  if (::stat(draft.c_str(), &made) != 0 || ::rename(draft.c_str(), path.c_str()) != 0) {
    const int error = errno;
    ::unlink(draft.c_str());
    return cannot_listen(path, reason_and_remedy(error, path));
  }
  listener.inode_ = made.st_ino;
  listener.path_ = path;
  return listener;
}

UnixListener::~UnixListener() {
  struct stat found {};
  if (!path_.empty() && ::lstat(path_.c_str(), &found) == 0 && found.st_ino == inode_)
    ::unlink(path_.c_str());
}

}  // namespace carillon::reactor

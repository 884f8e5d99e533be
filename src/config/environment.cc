#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "config/load.h"
#include "config/toml_text.h"

namespace carillon::config {
namespace {

// Closes a descriptor however its reading ends.
class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Result<std::string> read_bounded(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return failure("its path has a NUL in it");
  const File file{std::string(path)};
  if (file.fd() < 0) return failure(std::strerror(errno));
  std::string content;
  char chunk[16 * 1024];
  for (;;) {
    const ssize_t count = ::read(file.fd(), chunk, sizeof chunk);
    if (count == 0) return content;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(std::strerror(errno));
    content.append(chunk, static_cast<std::size_t>(count));
    // By what has come, not by what the file says of its size: a device has none and never ends.
    if (content.size() > kFileBytesMax) return failure("it is larger than 1 MiB");
  }
}

std::optional<std::string> process_variable(std::string_view name) {
  const std::string terminated(name);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  const char* value = std::getenv(terminated.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace

Environment Environment::of_process() { return {process_variable, read_bounded}; }

}  // namespace carillon::config

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/time.h"
#include "config/load.h"
#include "config/toml_text.h"

namespace carillon::config {
namespace {

// Closes a descriptor however its reading ends.
class File {
 public:
  // Non-blocking, because open(2) of a pipe would wait for a writer.
  explicit File(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

// False when nothing came until the deadline.
bool wait_for_bytes(int fd, MonoTime deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - mono_now());
    if (left <= milliseconds(0)) return false;
    pollfd waiting{fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

Result<std::string> read_all(int fd, MonoTime deadline) {
  constexpr std::string_view kTooSlow =
      "it is a pipe whose writer has not closed it in time; write a regular file";
  std::string content;
  char chunk[16 * 1024];
  for (;;) {
    const ssize_t count = ::read(fd, chunk, sizeof chunk);
    if (count == 0) return content;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) {
      if (wait_for_bytes(fd, deadline)) continue;
      return failure(std::string(kTooSlow));
    }
    if (count < 0) return failure(std::strerror(errno));
    content.append(chunk, static_cast<std::size_t>(count));
    // Counts the bytes read instead of trusting the file's size: a device has none and never ends.
    if (content.size() > kFileBytesMax) return failure("it is larger than 1 MiB");
    if (mono_now() >= deadline) return failure(std::string(kTooSlow));
  }
}

Result<std::string> read_bounded(std::string_view path, milliseconds pipe_patience) {
  if (path.find('\0') != std::string_view::npos) return failure("its path has a NUL in it");
  const File file{std::string(path)};
  if (file.fd() < 0) return failure(std::strerror(errno));
  struct stat status {};
  if (::fstat(file.fd(), &status) != 0) return failure(std::strerror(errno));
  // What is no regular file (a pipe, a terminal) may never end, or never begin.
  const MonoTime deadline = S_ISREG(status.st_mode) ? MonoTime::max() : mono_now() + pipe_patience;
  auto content = read_all(file.fd(), deadline);
  if (content && content->empty() && S_ISFIFO(status.st_mode)) {
    return failure("it is a pipe without a writer; write a regular file");
  }
  return content;
}

std::optional<std::string> process_variable(std::string_view name) {
  const std::string terminated(name);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  const char* value = std::getenv(terminated.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

std::vector<std::string> process_names() {
  std::vector<std::string> names;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view text = *each;
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

// The hard limit: the process raises its own to it when it starts.
std::uint64_t descriptor_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : 0;
}

}  // namespace

Environment Environment::of_process(milliseconds pipe_patience) {
  return {process_variable,
          [pipe_patience](std::string_view path) { return read_bounded(path, pipe_patience); }, process_names,
          descriptor_limit()};
}

}  // namespace carillon::config

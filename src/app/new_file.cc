#include "app/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <random>

#include "reactor/listener.h"

namespace carillon::app {
namespace {

tl::unexpected<Error> because_of(int error) { return failure(std::strerror(error)); }

}  // namespace

std::string random_hex(std::size_t digits) {
  std::random_device random;
  std::string text;
  while (text.size() < digits) {
    std::array<char, 3> two{};
    std::snprintf(two.data(), two.size(), "%02x", random() & 0xffU);
    text += two.data();
  }
  return text;
}

Result<std::monostate> write_new_file(const std::string& path, std::string_view text, mode_t mode) {
  const reactor::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) return because_of(errno);
  const ssize_t count = ::write(file.get(), text.data(), text.size());
  if (count != static_cast<ssize_t>(text.size())) return because_of(count < 0 ? errno : ENOSPC);
  if (::fsync(file.get()) != 0) return because_of(errno);
  return std::monostate{};
}

}  // namespace carillon::app

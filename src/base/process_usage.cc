#include "base/process_usage.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>
#include <string_view>

namespace carillon {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The fields of /proc/self/stat from the third on (proc(5)): the second, the name, may contain blanks.
constexpr std::size_t kFirstField = 3;
constexpr std::size_t kUserTicks = 14;
constexpr std::size_t kSystemTicks = 15;
constexpr std::size_t kThreads = 20;
constexpr std::size_t kStartTicks = 22;
constexpr std::size_t kVirtualBytes = 23;
constexpr std::size_t kResidentPages = 24;

class StatFields {
 public:
  explicit StatFields(std::string_view text) {
    const std::size_t name_end = text.rfind(") ");
    if (name_end == std::string_view::npos) return;
    text.remove_prefix(name_end + 2);
    for (std::uint64_t& field : fields_) {
      std::from_chars(text.data(), text.data() + text.size(), field);
      const std::size_t blank = text.find(' ');
      if (blank == std::string_view::npos) return;
      text.remove_prefix(blank + 1);
    }
  }
  std::uint64_t operator[](std::size_t number) const { return fields_[number - kFirstField]; }

 private:
  std::array<std::uint64_t, kResidentPages - kFirstField + 1> fields_{};
};

// The line "btime 1700000000": when the machine was booted, in Unix time.
std::uint64_t boot_time_s(const std::string& stat) {
  const std::size_t at = stat.find("\nbtime ");
  std::uint64_t value = 0;
  if (at != std::string::npos) std::from_chars(stat.data() + at + 7, stat.data() + stat.size(), value);
  return value;
}

struct ClosedFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

std::optional<std::uint64_t> open_descriptors(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0 && found.st_size > 0)
    return static_cast<std::uint64_t>(found.st_size);
  const std::unique_ptr<DIR, ClosedFolder> folder(::opendir(path.c_str()));
  if (!folder) return std::nullopt;
  std::uint64_t count = 0;
  while (const dirent* const entry = ::readdir(folder.get())) {
    if (entry->d_name[0] == '.') continue;
    if (++count > kDescriptorsCounted) return std::nullopt;
  }
  return count;
}

}  // namespace

ProcessUsage read_process_usage(const std::string& root) {
  ProcessUsage usage;
  const StatFields stat(read_file(root + "/proc/self/stat"));
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  usage.cpu_seconds = static_cast<double>(stat[kUserTicks] + stat[kSystemTicks]) / ticks;
  usage.start_time_s = static_cast<double>(boot_time_s(read_file(root + "/proc/stat"))) +
                       static_cast<double>(stat[kStartTicks]) / ticks;
  usage.threads = stat[kThreads];
  usage.virtual_bytes = stat[kVirtualBytes];
  usage.resident_bytes = stat[kResidentPages] * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  usage.open_descriptors = open_descriptors(root + "/proc/self/fd");
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) usage.descriptors_max = limit.rlim_cur;
  return usage;
}

}  // namespace carillon

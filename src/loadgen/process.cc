#include "loadgen/process.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <string>

namespace carillon::loadgen {
namespace {

// Nothing where it cannot be read; of longer files the beginning.
std::optional<std::string> read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::array<char, 4096> bytes;
  const ssize_t count = ::read(fd, bytes.data(), bytes.size());
  ::close(fd);
  if (count < 0) return std::nullopt;
  return std::string(bytes.data(), static_cast<std::size_t>(count));
}

std::optional<std::uint64_t> number_at(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::uint64_t number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc()) return std::nullopt;
  return number;
}

// The scheduler's own count, in nanoseconds; /proc/PID/stat knows only ticks of 10 ms.
std::optional<std::uint64_t> cpu_ns_of(const std::string& process) {
  std::error_code error;
  std::uint64_t sum = 0;
  for (std::filesystem::directory_iterator task(process + "/task", error), end; !error && task != end;
       task.increment(error)) {
    // A thread that has just ended is left out.
    const auto text = read_file(task->path().string() + "/schedstat");
    if (const auto number = text ? number_at(*text) : std::nullopt) sum += *number;
  }
  if (error) return std::nullopt;
  return sum;
}

}  // namespace

std::optional<std::uint64_t> resident_bytes_in(std::string_view status) {
  constexpr std::string_view kName = "VmRSS:";
  const std::size_t at = status.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  const auto kibibytes = number_at(status.substr(at + kName.size()));
  return kibibytes ? std::optional(*kibibytes * 1024) : std::nullopt;
}

std::optional<Usage> usage_of(std::span<const pid_t> pids) {
  Usage usage;
  for (const pid_t pid : pids) {
    const std::string process = "/proc/" + std::to_string(pid);
    const auto status = read_file(process + "/status");
    const auto resident = status ? resident_bytes_in(*status) : std::nullopt;
    const auto cpu_ns = cpu_ns_of(process);
    if (!resident || !cpu_ns) return std::nullopt;
    usage.rss_bytes += *resident;
    usage.cpu_ns += *cpu_ns;
  }
  return usage;
}

std::uint64_t thread_cpu_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

bool pin_to_core(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (core < 0 || core >= CPU_SETSIZE) return false;
  CPU_SET(static_cast<std::size_t>(core), &cores);
  return ::sched_setaffinity(0, sizeof cores, &cores) == 0;
}

}  // namespace carillon::loadgen

#include "app/command/machine_settings.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <string_view>
#include <vector>

namespace carillon::app {
namespace {

constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kFileBytesMax = 4096;

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(kFileBytesMax, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return text;
}

// The numbers at the beginning of a text, up to the first word that is none.
std::vector<std::int64_t> numbers_in(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n";
  std::vector<std::int64_t> numbers;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return numbers;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kSpace));
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    // Some defaults are 2^64 - 1.
    if (error == std::errc::result_out_of_range || word == "unlimited") {
      number = kUnlimited;
    } else if (error != std::errc() || end != word.data() + word.size()) {
      return numbers;
    }
    numbers.push_back(number);
    text.remove_prefix(word.size());
  }
}

// What stands behind `name` on its line.
std::vector<std::int64_t> numbers_behind(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(name)) return numbers_in(line.substr(name.size()));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return {};
}

template <std::size_t count>
std::optional<std::array<std::int64_t, count>> array_of(const std::string& path) {
  const auto numbers = numbers_in(text_of(path));
  if (numbers.size() != count) return std::nullopt;
  std::array<std::int64_t, count> all{};
  std::copy(numbers.begin(), numbers.end(), all.begin());
  return all;
}

Setting number_of(const std::string& path) {
  const auto one = array_of<1>(path);
  return one ? Setting((*one)[0]) : std::nullopt;
}

// "Max open files   1024   20000   files": soft and hard.
Setting hard_descriptor_limit(const std::string& root) {
  const auto limits = numbers_behind(text_of(root + "/proc/self/limits"), "Max open files");
  return limits.size() == 2 ? Setting(limits[1]) : std::nullopt;
}

Setting memory_available(const std::string& root) {
  const auto available = numbers_behind(text_of(root + "/proc/meminfo"), "MemAvailable:");
  if (available.empty()) return std::nullopt;
  std::int64_t bytes = available.front() * 1024;
  const std::string group = root + "/sys/fs/cgroup/memory.";
  const Setting limit = number_of(group + "max");  // "max" where there is none
  const Setting used = number_of(group + "current");
  if (limit && used) bytes = std::min(bytes, std::max<std::int64_t>(*limit - *used, 0));
  return bytes;
}

}  // namespace

MachineSettings read_machine_settings(const std::string& root) {
  const std::string sys = root + "/proc/sys/";
  MachineSettings settings;
  settings.descriptors_max = hard_descriptor_limit(root);
  settings.nr_open = number_of(sys + "fs/nr_open");
  settings.file_max = number_of(sys + "fs/file-max");
  settings.epoll_watches_max = number_of(sys + "fs/epoll/max_user_watches");
  settings.somaxconn = number_of(sys + "net/core/somaxconn");
  settings.orphans_max = number_of(sys + "net/ipv4/tcp_max_orphans");
  settings.map_count_max = number_of(sys + "vm/max_map_count");
  settings.conntrack_max = number_of(sys + "net/netfilter/nf_conntrack_max");
  settings.conntrack_count = number_of(sys + "net/netfilter/nf_conntrack_count");
  settings.tcp_mem = array_of<3>(sys + "net/ipv4/tcp_mem");
  settings.tcp_rmem = array_of<3>(sys + "net/ipv4/tcp_rmem");
  settings.tcp_wmem = array_of<3>(sys + "net/ipv4/tcp_wmem");
  settings.local_ports = array_of<2>(sys + "net/ipv4/ip_local_port_range");
  settings.memory_available_bytes = memory_available(root);
  return settings;
}

}  // namespace carillon::app

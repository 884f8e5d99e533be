#include "app/command/diagnosis.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "config/descriptor_demand.h"
#include "config/settings.h"

namespace carillon::app {
namespace {

// What else runs on the machine.
constexpr std::int64_t kOtherFiles = 10'000;
constexpr std::int64_t kBacklog = 4096;  // the backlog that the gateway passes to listen()
constexpr std::int64_t kPageBytes = 4096;
// The kernel's socket with its file (4.1 KiB, measured at a million), and a page under way each way.
constexpr std::int64_t kConnectionBytes = 3 * kPageBytes;
constexpr std::int64_t kProcessBytes = std::int64_t{64} << 20;
constexpr std::int64_t kVisitBytes = std::int64_t{64} << 10;  // the most that one write holds
constexpr std::int64_t kMapsMin = 65'530;                     // the kernel's default
constexpr std::int64_t kOrphansMin = 4096;

std::string sysctl(const std::string& name, const std::string& value) {
  return "sysctl -w " + name + "=" + value;
}

// A setting that must be at least so much.
struct AtLeast {
  const char* name;
  Setting value;
  std::int64_t wanted;
  const char* why;
  std::string remedy;
};

Finding judge(AtLeast rule) {
  Finding finding{rule.name, Verdict::good, {}, {}, rule.why, {}};
  if (!rule.value) {
    finding.verdict = Verdict::unknown;
    return finding;
  }
  finding.value = grouped(*rule.value);
  if (*rule.value >= rule.wanted) return finding;
  finding.verdict = Verdict::must_change;
  finding.wanted = "at least " + grouped(rule.wanted);
  finding.remedy = std::move(rule.remedy);
  return finding;
}

Finding at_least(const char* name, Setting value, std::int64_t wanted, const char* why) {
  return judge({name, value, wanted, why, sysctl(name, std::to_string(wanted))});
}

std::string text_of(const std::array<std::int64_t, 3>& values) {
  return std::to_string(values[0]) + " " + std::to_string(values[1]) + " " + std::to_string(values[2]);
}

// Returns the smallest number of shards whose tables hold the connections, or nothing.
std::optional<std::int64_t> shards_enough(std::int64_t limit, std::int64_t connections) {
  for (std::int64_t tables = 2; tables <= config::kShardsMax; ++tables) {
    if (config::descriptors_a_table(connections, tables) <= limit) return tables;
  }
  return std::nullopt;
}

Finding descriptors(const MachineSettings& settings, Demand demand) {
  const std::int64_t wanted = config::descriptors_a_table(demand.connections, demand.descriptor_tables);
  const std::string number = std::to_string(wanted);
  std::string remedy = "prlimit --pid $$ --nofile=" + number + ":" + number +
                       "   (systemd: LimitNOFILE=" + number + "; docker: --ulimit nofile=" + number + ")";
  if (const auto shards = shards_enough(settings.descriptors_max.value_or(0), demand.connections)) {
    remedy += "; or server.descriptors = \"per_shard\" and server.shards at least " + grouped(*shards);
  }
  return judge(
      {"RLIMIT_NOFILE", settings.descriptors_max, wanted,
       demand.descriptor_tables == 1
           ? "open files of the process (hard limit): one per client"
           : "open files of each shard (hard limit): one per client, and clients are not spread evenly",
       std::move(remedy)});
}

// The third value is the most that all sockets together may queue; over the second they are squeezed.
Finding tcp_memory(const MachineSettings& settings, std::int64_t connections) {
  constexpr const char* kName = "net.ipv4.tcp_mem";
  const std::int64_t wanted = connections + kVisitBytes;  // some pages for those that are behind
  Finding finding{kName,
                  Verdict::good,
                  {},
                  {},
                  "memory pages that all sockets may queue: an event on its way takes one per client",
                  {}};
  if (!settings.tcp_mem) {
    finding.verdict = Verdict::unknown;
    return finding;
  }
  finding.value = text_of(*settings.tcp_mem);
  if ((*settings.tcp_mem)[1] >= wanted) return finding;
  finding.verdict = Verdict::must_change;
  finding.wanted = "the middle at least " + grouped(wanted);
  const std::string all = text_of({wanted * 3 / 4, wanted, wanted * 3 / 2});
  finding.remedy = sysctl(kName, '"' + all + '"');
  return finding;
}

// What one socket may queue: "least, at first, most".
Finding socket_buffer(const char* name, const ThreeSettings& values, const char* why) {
  Finding finding{name, Verdict::good, {}, {}, why, {}};
  if (!values) {
    finding.verdict = Verdict::unknown;
    return finding;
  }
  finding.value = text_of(*values);
  const auto [least, at_first, most] = *values;
  if (least <= kPageBytes && most >= kVisitBytes) return finding;
  finding.verdict = Verdict::must_change;
  finding.wanted = "the first at most " + grouped(kPageBytes) + ", the last at least " + grouped(kVisitBytes);
  const std::array<std::int64_t, 3> enough{std::min(least, kPageBytes), at_first,
                                           std::max(most, kVisitBytes)};
  finding.remedy = sysctl(name, '"' + text_of(enough) + '"');
  return finding;
}

Finding local_ports(const MachineSettings& settings, std::int64_t connections) {
  constexpr const char* kName = "net.ipv4.ip_local_port_range";
  Finding finding{kName,
                  Verdict::good,
                  {},
                  {},
                  "ports for outgoing connections, per address: needed by a proxy or a load generator",
                  {}};
  if (!settings.local_ports) {
    finding.verdict = Verdict::unknown;
    return finding;
  }
  const auto [first, last] = *settings.local_ports;
  finding.value = std::to_string(first) + " " + std::to_string(last);
  // connect() tries every second port first, and finds one of the others only after a search of all of those.
  const std::int64_t ports = std::max<std::int64_t>((last - first + 1) / 2, 1);
  if (ports >= connections) return finding;
  finding.verdict = Verdict::hint;
  constexpr std::int64_t kPortsMost = (65'535 - 1024 + 1) / 2;
  const std::int64_t addresses = (connections + kPortsMost - 1) / kPortsMost;
  finding.wanted = "only for such: " + grouped(connections) + " even ports over all its source addresses";
  finding.remedy = sysctl(kName, "\"1024 65535\"") +
                   (addresses > 1 ? ", and " + grouped(addresses) + " source addresses" : std::string());
  return finding;
}

// The kernel tracks connections only where a firewall rule needs it, so zero tracked connections means no
// such rule.
Finding tracked_connections(const MachineSettings& settings, std::int64_t connections) {
  Finding finding = at_least("net.netfilter.nf_conntrack_max", settings.conntrack_max,
                             connections + connections / 4 + kOtherFiles,
                             "connections that the firewall tracks; above it new ones are dropped silently");
  if (finding.verdict == Verdict::must_change && settings.conntrack_count == 0) {
    finding.verdict = Verdict::hint;
    finding.wanted = "only if a firewall rule tracks connections, which none does now: " + finding.wanted;
  }
  return finding;
}

Finding memory(const MachineSettings& settings, std::int64_t connections) {
  const std::int64_t wanted = connections * kConnectionBytes + kProcessBytes;
  Finding finding{
      "available memory",
      Verdict::good,
      {},
      {},
      "12 KiB per client, nearly all of it in the kernel: 4 for its socket, and a page for each direction",
      {}};
  if (!settings.memory_available_bytes) {
    finding.verdict = Verdict::unknown;
    return finding;
  }
  const std::int64_t available = *settings.memory_available_bytes;
  const auto mebibytes = [](std::int64_t bytes) { return grouped(bytes >> 20) + " MiB"; };
  finding.value = mebibytes(available);
  if (available >= wanted) return finding;
  finding.verdict = Verdict::must_change;
  finding.wanted = "at least " + mebibytes(wanted);
  const std::int64_t fitting = std::max<std::int64_t>((available - kProcessBytes) / kConnectionBytes, 1);
  finding.remedy = "more memory, or server.connections_max = " + std::to_string(fitting);
  return finding;
}

}  // namespace

std::vector<Finding> diagnose(const MachineSettings& settings, Demand demand) {
  const std::int64_t n = demand.connections;
  std::vector<Finding> findings;
  findings.push_back(descriptors(settings, demand));
  findings.push_back(at_least("fs.nr_open", settings.nr_open,
                              config::descriptors_a_table(n, demand.descriptor_tables),
                              "highest limit that a process can have"));
  findings.push_back(at_least("fs.file-max", settings.file_max,
                              config::descriptors_a_table(n, 1) + kOtherFiles,
                              "open files of the whole machine"));
  findings.push_back(at_least("fs.epoll.max_user_watches", settings.epoll_watches_max,
                              config::descriptors_a_table(n, 1),
                              "sockets that the user's processes may watch"));
  findings.push_back(at_least("net.core.somaxconn", settings.somaxconn, std::min(n, kBacklog),
                              "clients waiting to be accepted when all reconnect at once"));
  findings.push_back(tcp_memory(settings, n));
  findings.push_back(
      socket_buffer("net.ipv4.tcp_rmem", settings.tcp_rmem,
                    "bytes that one socket may queue for receiving: minimum, initial, maximum"));
  findings.push_back(socket_buffer("net.ipv4.tcp_wmem", settings.tcp_wmem,
                                   "bytes that one socket may queue for sending; a write has up to 64 KiB"));
  findings.push_back(local_ports(settings, n));
  // A drain of 8 s leaves each client 2 s to answer: a quarter of them wait at once, and as many to spare.
  findings.push_back(at_least("net.ipv4.tcp_max_orphans", settings.orphans_max, std::max(n / 2, kOrphansMin),
                              "closed sockets that still send their last bytes; above it they are reset"));
  findings.push_back(at_least("vm.max_map_count", settings.map_count_max, kMapsMin,
                              "memory maps of a process; it does not grow with the clients"));
  if (settings.conntrack_max) {
    findings.push_back(tracked_connections(settings, n));
  }
  findings.push_back(memory(settings, n));
  return findings;
}

bool anything_must_change(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& each) { return each.verdict == Verdict::must_change; });
}

std::string grouped(std::int64_t number) {
  if (number == std::numeric_limits<std::int64_t>::max()) return "unlimited";
  std::string text = std::to_string(number);
  const std::size_t first_digit = number < 0 ? 1 : 0;
  for (std::size_t at = text.size(); at > first_digit + 3;) text.insert(at -= 3, 1, ',');
  return text;
}

}  // namespace carillon::app

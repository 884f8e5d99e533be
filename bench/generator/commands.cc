#include "generator/commands.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "common/clocks.h"
#include "common/json_line.h"

namespace carillon::bench {
namespace {

constexpr int kLookEvery_ms = 100;

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// The number that the text begins with, and the space behind it, taken off its front.
std::uint64_t take_number(std::string_view& text) {
  const std::uint64_t number = number_in(text);
  const std::size_t space = text.find(' ');
  text = space == std::string_view::npos ? std::string_view{} : text.substr(space + 1);
  return number;
}

}  // namespace

std::string report_of(const loadgen::ClientPool& pool) {
  const loadgen::PoolCounters& counters = pool.counters();
  const loadgen::ClientPool::Extremes extremes = pool.extremes();
  std::string line;
  json::ObjectWriter object(line);
  object.member("connected", counters.connected).member("refused", counters.refused);
  object.member("lost", counters.lost).member("events", counters.events).member("bytes", counters.bytes);
  object.member("pings", counters.pings).member("reads", counters.reads);
  object.member("fewest", extremes.fewest).member("most", extremes.most);
  const Stamp now = stamp_now();
  object.member("cpu_ns", now.cpu_ns).member("at_ns", now.wall_ns);
  object.close();
  return line;
}

std::string latency_of(const loadgen::ClientPool& pool) {
  const loadgen::Histogram& latency = pool.latency();
  std::string line;
  json::ObjectWriter object(line);
  object.member("count", latency.count()).member("mean_us", to_a_thousandth(latency.mean_us()));
  object.member("p50_us", latency.percentile_us(50)).member("p90_us", latency.percentile_us(90));
  object.member("p99_us", latency.percentile_us(99)).member("p999_us", latency.percentile_us(99.9));
  object.member("max_us", latency.max_us());
  object.close();
  return line;
}

void Commands::run() {
  pool_.watch(STDIN_FILENO);
  ::fcntl(STDIN_FILENO, F_SETFL, ::fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
  while (!done_) {
    if (pool_.turn(kLookEvery_ms)) read_stdin();
    look();
    obey_all();
  }
}

void Commands::read_stdin() {
  std::array<char, 4096> chunk;
  const ssize_t count = ::read(STDIN_FILENO, chunk.data(), chunk.size());
  if (count == 0) done_ = true;
  if (count > 0) unread_.append(chunk.data(), static_cast<std::size_t>(count));
}

void Commands::obey_all() {
  while (waiting_ == Waiting::for_a_command && !done_) {
    const std::size_t end = unread_.find('\n');
    if (end == std::string::npos) return;
    const std::string line = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    handle_command(line);
    look();
  }
}

void Commands::handle_command(std::string_view line) {
  if (line.starts_with("connect ")) {
    pool_.want(static_cast<std::uint32_t>(number_in(line.substr(8))));
    waiting_ = Waiting::for_clients;
  } else if (line.starts_with("await ")) {
    awaited_events_ = number_in(line.substr(6));
    seen_at_ = std::chrono::steady_clock::now();
    waiting_ = Waiting::for_events;
  } else if (line.starts_with("begin ")) {
    begin(line.substr(6));
  } else if (line == "latency") {
    print_line(latency_of(pool_));
  } else if (line == "report") {
    answer();
  } else if (line == "quit") {
    done_ = true;
  } else {
    std::fprintf(stderr, "load_generator: no such command: %.*s\n", static_cast<int>(line.size()),
                 line.data());
    done_ = true;
  }
}

void Commands::begin(std::string_view start_rate_events) {
  const MonoTime start(MonoClock::duration(static_cast<std::int64_t>(take_number(start_rate_events))));
  const auto events_per_s = static_cast<double>(std::max<std::uint64_t>(take_number(start_rate_events), 1));
  pool_.begin(loadgen::Timetable({events_per_s, number_in(start_rate_events)}, start),
              loadgen::Channels::shared);
  answer();
}

// Has what was waited for come?
void Commands::look() {
  if (waiting_ == Waiting::for_clients && pool_.settled()) answer();
  if (waiting_ != Waiting::for_events) return;
  const std::uint64_t events = pool_.counters().events;
  const auto now = std::chrono::steady_clock::now();
  if (events != seen_events_) {
    seen_events_ = events;
    seen_at_ = now;
  }
  if (events >= awaited_events_ || now - seen_at_ > kAwaitMax) answer();
}

void Commands::answer() {
  waiting_ = Waiting::for_a_command;
  print_line(report_of(pool_));
}

}  // namespace carillon::bench

// simulation --seeds N [--seed S] [--trace]: N seeds, from S on. Exit code 1 when one of them fails, with how
// to run that seed again, or when the N seeds have not shown each fault to each kind of client.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "simulation.h"

namespace carillon::simulation {
namespace {

volatile std::uint64_t current_seed = 0;

// An assertion that fails, or a crash, names the seed too. Async-signal-safe.
void on_crash(int signal) {
  char text[160];
  const int size = std::snprintf(
      text, sizeof text,
      "\nseed %llu: crashed\nreplay it with: build/release/simulation --seed %llu --trace\n",
      static_cast<unsigned long long>(current_seed), static_cast<unsigned long long>(current_seed));
  if (::write(STDERR_FILENO, text, static_cast<std::size_t>(size)) < 0) ::_exit(3);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

struct Options {
  std::uint64_t seeds = 1;
  std::uint64_t first = 1;
  Trace::Lines lines = Trace::Lines::hidden;
};

bool parse(int argc, char** argv, Options& options) {
  const auto number = [&](int i, std::uint64_t& into) {
    if (i >= argc) return false;
    const char* const end = argv[i] + std::strlen(argv[i]);
    return std::from_chars(argv[i], end, into).ptr == end;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--trace") {
      options.lines = Trace::Lines::printed;
    } else if (argument == "--seeds") {
      if (!number(++i, options.seeds)) return false;
    } else if (argument != "--seed" || !number(++i, options.first)) {
      return false;
    }
  }
  return true;
}

// Where there are enough seeds to judge: each fault meets each kind of client in at least 1 % of them.
constexpr std::uint64_t kSeedsToJudge = 500;

bool meets_enough(const Meetings& met, std::uint64_t seeds) {
  if (seeds < kSeedsToJudge) return true;
  for (int f = 0; f < kFaults; ++f) {
    for (int k = 0; k < kKinds; ++k) {
      if (met.seeds[static_cast<std::size_t>(f)][static_cast<std::size_t>(k)] * 100 >= seeds) continue;
      std::printf("the fault \"%s\" has met a %s client in fewer than 1 %% of the seeds\n",
                  std::string(name_of(static_cast<Fault>(f))).c_str(),
                  std::string(name_of(static_cast<Kind>(k))).c_str());
      return false;
    }
  }
  return true;
}

void print_meetings(const Meetings& met, std::uint64_t seeds) {
  std::printf("percent of the seeds in which a fault met a kind of client:\n%-16s", "");
  for (int k = 0; k < kKinds; ++k) std::printf(" %12s", std::string(name_of(static_cast<Kind>(k))).c_str());
  std::printf("\n");
  for (int f = 0; f < kFaults; ++f) {
    std::printf("%-16s", std::string(name_of(static_cast<Fault>(f))).c_str());
    for (int k = 0; k < kKinds; ++k) {
      const auto count = met.seeds[static_cast<std::size_t>(f)][static_cast<std::size_t>(k)];
      std::printf(" %12.1f", 100.0 * static_cast<double>(count) / static_cast<double>(seeds));
    }
    std::printf("\n");
  }
}

// Likewise: each answer is given to at least as many subscriptions as there are seeds. `overloaded` is rare:
// an inbox has to be full just when a position is reached that was waited for.
bool has_each_answer(const Answers& answers, std::uint64_t seeds) {
  bool has_each = true;
  for (std::size_t i = 0; i < answers.by_outcome.size(); ++i) {
    const auto outcome = static_cast<gateway::ResumeOutcome>(i);
    const std::uint64_t least = outcome == gateway::ResumeOutcome::overloaded ? 0 : seeds;
    const std::string name(gateway::name_of(outcome));
    std::printf("%s%s %llu", i == 0 ? "subscriptions that asked for missed events: " : ", ", name.c_str(),
                static_cast<unsigned long long>(answers.by_outcome[i]));
    has_each = has_each && answers.by_outcome[i] >= least;
  }
  std::printf("\n");
  if (seeds >= kSeedsToJudge && !has_each) std::printf("one of these answers is too rare\n");
  return seeds < kSeedsToJudge || has_each;
}

// Likewise.
bool has_each_notice(const Notices& notices, std::uint64_t seeds) {
  std::printf("frames about the bus: gap %llu, degraded %llu, restored %llu\n",
              static_cast<unsigned long long>(notices.gaps),
              static_cast<unsigned long long>(notices.degraded),
              static_cast<unsigned long long>(notices.restored));
  if (seeds < kSeedsToJudge || std::min({notices.gaps, notices.degraded, notices.restored}) >= seeds) {
    return true;
  }
  std::printf("one of these frames is too rare\n");
  return false;
}

int report_failure(std::uint64_t seed, const Outcome& outcome) {
  const auto number = static_cast<unsigned long long>(seed);
  std::printf("seed %llu failed after %llu steps: %s\n", number,
              static_cast<unsigned long long>(outcome.steps), outcome.failure.c_str());
  std::printf("replay it with: build/release/simulation --seed %llu --trace\n", number);
  return 1;
}

int run(const Options& options) {
  Meetings met;
  Outcome total;
  for (std::uint64_t i = 0; i < options.seeds; ++i) {
    current_seed = options.first + i;
    const Outcome outcome = Simulation(current_seed, options.lines).run();
    if (!outcome.failure.empty()) return report_failure(current_seed, outcome);
    met.add(outcome.met);
    total.answers.add(outcome.answers);
    total.notices.add(outcome.notices);
    total.hash = (total.hash ^ outcome.hash) * 0x9e3779b97f4a7c15ULL;
    total.steps += outcome.steps;
    total.faults += outcome.faults;
    total.clients += outcome.clients;
    total.events_received += outcome.events_received;
  }
  print_meetings(met, options.seeds);
  std::printf("%llu seeds, %llu steps, %llu faults, %llu clients, %llu events received, hash %016llx\n",
              static_cast<unsigned long long>(options.seeds), static_cast<unsigned long long>(total.steps),
              static_cast<unsigned long long>(total.faults), static_cast<unsigned long long>(total.clients),
              static_cast<unsigned long long>(total.events_received),
              static_cast<unsigned long long>(total.hash));
  const bool has_each = has_each_answer(total.answers, options.seeds);
  const bool has_notices = has_each_notice(total.notices, options.seeds);
  return meets_enough(met, options.seeds) && has_each && has_notices ? 0 : 1;
}

}  // namespace
}  // namespace carillon::simulation

int main(int argc, char** argv) {
  using namespace carillon::simulation;
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr, "usage: simulation --seeds N [--seed S] [--trace]\n");
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(signal, on_crash);
  return run(options);
}

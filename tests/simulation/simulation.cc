#include "simulation.h"

#include <algorithm>

#include "auth/authenticator.h"
#include "config/test_environment.h"
#include "oracle.h"

namespace carillon::simulation {
namespace {

constexpr std::size_t kClientsMax = 40;
constexpr std::size_t kClientsMin = 8;
constexpr std::uint32_t kMemoriesMax = 20;
// A turn takes so long, so that a loop that never rests does not stop the time.
constexpr auto kTurnTakes = std::chrono::microseconds(5);
constexpr int kTurnsAStepMax = 200'000;

}  // namespace

Simulation::Simulation(std::uint64_t seed, Trace::Lines lines)
    : stage_(seed, lines),
      faults_(stage_, {[this](int events, std::uint32_t bytes_max) { publish(events, bytes_max); },
                       [this](MonoClock::duration time) { run_for(time); },
                       [this](const std::string& what) { fail(what); }}) {
  stage_.sockets.on_short = [this](int node) {
    MonoTime& first = stage_.slots[static_cast<std::size_t>(node)]->view().first_short_at;
    first = std::min(first, stage_.clock.now);
  };
}

void Simulation::fail(const std::string& what) {
  if (outcome_.failure.empty()) outcome_.failure = what;
  stage_.trace.note(stage_.clock.now, "FAILURE", 0, what);
}

std::uint32_t Simulation::next_serial(const std::string& channel) {
  channels_.push_back(channel);
  return static_cast<std::uint32_t>(channels_.size() - 1);
}

const std::string& Simulation::token(std::string_view claims) {
  const auto found = tokens_.find(claims);
  if (found != tokens_.end()) return found->second;
  return tokens_.emplace(claims, auth::mint_hs256(config::kGoodSecret, claims).value()).first->second;
}

Outcome Simulation::run() {
  const int nodes = static_cast<int>(stage_.dice.between(1, 3));
  for (int i = 0; i < nodes; ++i) {
    stage_.slots.push_back(std::make_unique<NodeSlot>(
        Surroundings{stage_.clock, stage_.dice, stage_.sockets, stage_.broker}, i));
    if (const std::string problem = stage_.slots.back()->start(); !problem.empty()) fail(problem);
  }
  for (int i = 0; i < kSteps && outcome_.failure.empty(); ++i) {
    step(i);
    ++outcome_.steps;
  }
  if (outcome_.failure.empty()) finish();
  outcome_.hash = stage_.trace.hash();
  outcome_.clients = static_cast<std::uint64_t>(clients_ever_);
  outcome_.faults = faults_.count();
  outcome_.met = faults_.met();
  for (const auto& slot : stage_.slots) {
    outcome_.answers.add(slot->answers());
    outcome_.notices.add(slot->notices());
  }
  return std::move(outcome_);
}

void Simulation::step(int number) {
  // A seed whose dice have chosen too few faults gets them towards its end.
  if (number > kSteps - 100 && faults_.count() < kFaultsMin && !stage_.clients.empty()) faults_.inject();
  choose_action();
  remove_gone();
  check();
}

void Simulation::choose_action() {
  Dice& dice = stage_.dice;
  auto& clients = stage_.clients;
  const std::uint32_t what = dice.below(100);
  MonoClock::duration time = std::chrono::microseconds(dice.below(20'000));
  if (clients.size() < kClientsMin || (what < 8 && clients.size() < kClientsMax)) {
    arrive();
  } else if (what < 30) {
    publish(static_cast<int>(dice.between(1, 6)), dice.chance(5) ? 4000 : 60);
  } else if (what < 85) {
    clients[dice.below(static_cast<std::uint32_t>(clients.size()))]->act();
  } else if (what < 92) {
    time = milliseconds(dice.below(800));
  } else if (what < 96) {
    faults_.inject();
  } else {
    renew_stopped();
  }
  faults_.end_due();
  run_for(time);
}

void Simulation::arrive() {
  if (!memories_.empty() && stage_.dice.chance(50)) return come_back();
  NodeSlot* const slot = stage_.any_slot();
  if (!slot) return;
  static constexpr Kind kKindsOf[] = {Kind::well_behaved, Kind::well_behaved, Kind::well_behaved,
                                      Kind::slow,         Kind::silent,       Kind::abusive,
                                      Kind::reconnecting, Kind::half_open};
  const Kind kind = kKindsOf[stage_.dice.below(std::size(kKindsOf))];
  Memory memory;
  memory.profile = static_cast<Profile>(stage_.dice.below(kProfiles));
  add_client(*slot, kind, std::move(memory));
}

void Simulation::add_client(NodeSlot& slot, Kind kind, Memory memory) {
  ClientHost& host = *this;
  stage_.clients.push_back(
      std::make_unique<SimulatedClient>(host, slot.view(), kind, std::move(memory), clients_ever_++));
  stage_.clients.back()->connect();
}

// A client that has lost its connection comes back, mostly to the node that it comes from; sometimes two with
// the same memory.
void Simulation::come_back() {
  Dice& dice = stage_.dice;
  const std::size_t which = dice.below(static_cast<std::uint32_t>(memories_.size()));
  Memory memory = memories_[which];
  NodeSlot* slot = stage_.slots[static_cast<std::size_t>(memory.node->number)].get();
  if (dice.chance(10)) slot = stage_.any_slot();
  if (!slot || !slot->is_running()) return;
  if (dice.chance(85)) memories_.erase(memories_.begin() + static_cast<std::ptrdiff_t>(which));
  static constexpr Kind kKindsOf[] = {Kind::well_behaved, Kind::well_behaved, Kind::slow,
                                      Kind::reconnecting, Kind::reconnecting, Kind::half_open};
  add_client(*slot, kKindsOf[dice.below(std::size(kKindsOf))], std::move(memory));
}

void Simulation::remember(Memory memory) {
  if (memories_.size() >= kMemoriesMax) {
    memories_.erase(memories_.begin() + stage_.dice.below(kMemoriesMax));
  }
  memories_.push_back(std::move(memory));
}

void Simulation::publish(int events, std::uint32_t bytes_max) {
  static constexpr std::string_view kChannels[] = {"orion.a",
                                                   "orion.b",
                                                   "service.broadcast",
                                                   "service.channel.c0",
                                                   "service.channel.c1",
                                                   "service.channel.c4",
                                                   "fluxora.streams",
                                                   "grimnir.now_playing",
                                                   "grimnir.health",
                                                   "grimnir.dj_connect",
                                                   "grimnir.live.handover",
                                                   "unused.channel"};
  for (int i = 0; i < events; ++i) {
    const std::string channel(kChannels[stage_.dice.below(std::size(kChannels))]);
    if (stage_.dice.chance(2)) {
      stage_.broker.publish(channel, "not JSON");
      continue;
    }
    const std::string padding(stage_.dice.below(bytes_max), 'e');
    stage_.broker.publish(channel, R"({"event":"e","type":"t","data":{"n":)" +
                                       std::to_string(next_serial(channel)) + R"(,"pad":")" + padding +
                                       "\"}}");
  }
  stage_.trace.note(stage_.clock.now, "publish", events);
}

// --- time ---------------------------------------------------------------------------------------

void Simulation::run_for(MonoClock::duration time) {
  const MonoTime end = stage_.clock.now + time;
  for (int turns = 0; take_next_turn(end); ++turns) {
    if (turns > kTurnsAStepMax) return fail("the loops never rest");
    if (!outcome_.failure.empty()) return;
  }
  stage_.clock.now = std::max(stage_.clock.now, end);
}

// The turn of the loop that wants to run next, when that is not after `until`.
bool Simulation::take_next_turn(MonoTime until) {
  stage_.sockets.give_owed_edges();
  MonoTime first = std::min(stage_.sockets.next_owed_edge(), until + MonoClock::duration(1));
  NodeSlot* chosen = nullptr;
  std::size_t shard = 0;
  for (const auto& slot : stage_.slots) {
    for (std::size_t i = 0; i < slot->loops().size(); ++i) {
      const MonoTime wake = slot->loops()[i]->next_wake();
      if (wake >= first) continue;
      first = wake;
      chosen = slot.get();
      shard = i;
      if (wake <= stage_.clock.now && stage_.dice.chance(50)) break;
    }
  }
  if (first > until) return false;
  stage_.clock.now = std::max(stage_.clock.now, first);
  if (!chosen) return true;  // an edge is due
  chosen->take_turn(shard);
  stage_.clock.now += kTurnTakes;
  if (!stage_.sockets.misuse.empty()) fail(stage_.sockets.misuse);
  note_changes();
  return true;
}

void Simulation::note_changes() {
  for (const int fd : stage_.sockets.take_changed()) {
    const auto found = std::find_if(stage_.clients.begin(), stage_.clients.end(), [fd](const auto& client) {
      return client->wire().fd() == fd && !client->is_gone();
    });
    if (found != stage_.clients.end()) (*found)->on_changed();
  }
}

void Simulation::remove_gone() {
  std::erase_if(stage_.clients, [this](const auto& client) {
    if (!client->is_gone()) return false;
    outcome_.events_received += client->events();
    return true;
  });
}

void Simulation::check() {
  if (const auto problem = what_is_wrong(stage_)) fail(*problem);
}

// Another node in the place of one that has drained.
void Simulation::renew_stopped() {
  for (const auto& slot : stage_.slots) {
    if (!slot->has_stopped()) continue;
    if (const auto left = what_is_left(*slot)) fail(*left);
    slot->end();
    note_changes();
    stage_.trace.note(stage_.clock.now, "node starts", slot->view().number);
    if (const std::string problem = slot->start(); !problem.empty()) fail(problem);
  }
}

// --- the end ------------------------------------------------------------------------------------

// No more faults: all who are connected receive everything. Then all nodes drain, and nothing is left.
void Simulation::finish() {
  if (faults_.count() < kFaultsMin) fail("it had fewer than five faults, and proves little");
  faults_.end_all();
  run_for(seconds(8));
  check();
  for (const auto& client : stage_.clients) client->calm_down();
  run_for(seconds(1));
  publish(20, 60);
  run_for(seconds(4));
  remove_gone();
  check();
  if (const auto missing = what_is_missing(stage_)) fail(*missing);
  run_for(seconds(25));
  remove_gone();
  check();
  for (const auto& slot : stage_.slots) {
    if (!slot->is_running() || slot->view().draining) continue;
    if (const auto retained = what_is_still_retained(*slot)) fail(*retained);
    slot->begin_drain();
    stage_.trace.note(stage_.clock.now, "drain", slot->view().number);
  }
  run_for(seconds(60));
  for (const auto& slot : stage_.slots) {
    if (slot->is_running()) {
      if (const auto left = what_is_left(*slot)) fail(*left);
    }
    slot->end();
  }
  note_changes();
  remove_gone();
}

}  // namespace carillon::simulation

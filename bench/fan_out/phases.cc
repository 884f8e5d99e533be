#include "fan_out/phases.h"

#include <sys/socket.h>

#include <future>
#include <memory>
#include <utility>

namespace carillon::bench {
namespace {

class Pacer : public std::enable_shared_from_this<Pacer> {
 public:
  Pacer(const loadgen::Timetable& timetable, reactor::Loop& loop, std::function<void(std::uint32_t)> due_now)
      : timetable_(timetable), loop_(loop), due_now_(std::move(due_now)) {}

  void go_on() {
    const std::uint64_t due = timetable_.due_by(loop_.now());
    if (const std::uint64_t now = due - std::exchange(done_, due); now > 0) {
      due_now_(static_cast<std::uint32_t>(now));
    }
    if (done_ == timetable_.events()) return;
    loop_.call_after(timetable_.due(done_) - loop_.now(), [self = shared_from_this()] { self->go_on(); });
  }

 private:
  const loadgen::Timetable timetable_;
  reactor::Loop& loop_;
  const std::function<void(std::uint32_t)> due_now_;
  std::uint64_t done_ = 0;
};

}  // namespace

std::string padding_for(std::string_view payload) {
  constexpr std::size_t kHeader = 4;
  return std::string(kFrameBytes - kHeader - payload.size(), 'x');
}

void keep_to(const loadgen::Timetable& timetable, reactor::Loop& loop,
             std::function<void(std::uint32_t)> due_now) {
  std::make_shared<Pacer>(timetable, loop, std::move(due_now))->go_on();
}

std::uint64_t send_to_all(const Phases::Notes& notes) {
  std::uint64_t whole = 0;
  for (const int fd : notes.descriptors) {
    const ssize_t sent = ::send(fd, notes.bytes.data(), notes.bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(notes.bytes.size())) ++whole;
  }
  return whole;
}

std::vector<double> ratios(const std::vector<double>& numerators, const std::vector<double>& denominators) {
  std::vector<double> all;
  for (std::size_t i = 0; i < numerators.size(); ++i) all.push_back(numerators[i] / denominators[i]);
  return all;
}

Result<std::monostate> Phases::connect(std::uint32_t clients, std::uint32_t messages_each) {
  const auto received = generator_.connect(clients);
  if (!received) return tl::unexpected(received.error());
  if (received->connected != clients)
    return failure("only " + std::to_string(received->connected) + " clients connected");
  clients_ = clients;
  if (auto greeted = await(std::uint64_t{clients} * messages_each); !greeted)
    return tl::unexpected(greeted.error());
  return std::monostate{};
}

Result<Received> Phases::await(std::uint64_t new_events) {
  auto received = await_some(new_events);
  if (received && (received->events != events_due_ || received->fewest != received->most)) {
    return failure("the clients have received " + std::to_string(received->events) + " events (" +
                   std::to_string(received->fewest) + " to " + std::to_string(received->most) + " each) of " +
                   std::to_string(events_due_));
  }
  return received;
}

Result<Phases::Phase> Phases::until_written(std::uint64_t deliveries, std::function<void()> publish,
                                            std::chrono::seconds patience) {
  struct Run {
    std::promise<Phase> done;
    Stamp start;
    Span publishing;
  };
  auto run = std::make_shared<Run>();  // outlives this call should the engine never finish
  auto future = run->done.get_future();
  gateway_.on_loop([this, run, deliveries, publish = std::move(publish)] {
    gateway_.sockets().expect(deliveries * frame_bytes_, [this, run] {
      gateway_.on_loop([this, run] {
        run->done.set_value({stamp_now() - run->start, run->publishing, gateway_.sockets().writes()});
      });
    });
    run->start = stamp_now();
    publish();
    run->publishing = stamp_now() - run->start;
  });
  if (future.wait_for(patience) != std::future_status::ready)
    return failure("the engine did not finish a phase in " + std::to_string(patience.count()) + " s");
  return future.get();
}

Result<Phases::Phase> Phases::engine(std::uint64_t deliveries, std::function<void()> publish,
                                     std::chrono::seconds patience) {
  auto phase = until_written(deliveries, std::move(publish), patience);
  if (!phase) return phase;
  if (auto received = await(deliveries); !received) return tl::unexpected(received.error());
  return phase;
}

Result<Phases::Phase> Phases::floor(const Notes& notes) {
  return floor(
      notes.bytes.size() / frame_bytes_ * clients_, [] {}, [&notes] { return send_to_all(notes); });
}

Result<Phases::Phase> Phases::floor(std::uint64_t deliveries, const std::function<void()>& prepare,
                                    const std::function<std::uint64_t()>& send) {
  std::promise<Phase> done;
  auto future = done.get_future();
  gateway_.on_loop([&] {
    prepare();
    const Stamp start = stamp_now();
    const std::uint64_t whole = send();
    done.set_value({stamp_now() - start, {}, whole});
  });
  const Phase phase = future.get();
  if (phase.writes != clients_) return failure("a send of the floor came up short");
  if (auto received = await(deliveries); !received) return tl::unexpected(received.error());
  return phase;
}

Result<Phases::Notes> Phases::learn(std::uint32_t pending, std::function<void()> publish) {
  gateway_.on_loop([this] { gateway_.sockets().take_notes(true); });
  const auto phase = engine(std::uint64_t{clients_} * pending, std::move(publish));
  if (!phase) return tl::unexpected(phase.error());
  std::promise<Notes> done;
  auto future = done.get_future();
  gateway_.on_loop([&] {
    gateway_.sockets().take_notes(false);
    done.set_value({gateway_.sockets().noted_descriptors(), gateway_.sockets().noted_bytes()});
  });
  Notes notes = future.get();
  if (notes.descriptors.size() != clients_ || notes.bytes.size() != pending * frame_bytes_) {
    return failure("the engine took " + std::to_string(notes.descriptors.size()) + " writes, the first of " +
                   std::to_string(notes.bytes.size()) + " bytes");
  }
  return notes;
}

}  // namespace carillon::bench

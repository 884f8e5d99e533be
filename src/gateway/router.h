// Router: receives the bus's events, makes each event's frame once for each endpoint that wants it and each
// of its transports that has clients, and posts every batch to every shard. A role on loop 0, not a thread: a
// hand-off would cost 10 µs an event.
//
// Thread: loop 0's. A batch has a number; a shard that sees one missing (its inbox was full) knows that
// events are lost.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/line_sampler.h"
#include "base/log.h"
#include "bus/shared_status.h"
#include "client/admission.h"
#include "client/counters.h"
#include "fanout/frame.h"
#include "gateway/event_history.h"
#include "gateway/resume.h"
#include "json/outline.h"
#include "protocol/endpoint_table.h"
#include "protocol/time_values.h"

namespace carillon::gateway {

struct RoutedEvent {
  std::uint16_t endpoint;
  protocol::Audience::Kind audience;
  Tag tag;
  std::uint8_t name_size;    // of the audience's channel
  std::uint32_t name_begin;  // in the batch's names
  Ref<const fanout::Frame> frame;
};

// The clients of an endpoint that are closed before the events of a batch, because they would miss some.
struct Gap {
  std::uint16_t endpoint;
  client::CloseReason why;
};

// What all clients are told of the bus before the events of a batch (bus_notices.h).
struct BusNews {
  enum class What : std::uint8_t { gap, lost, back };
  What what;
  std::string before{};                   // of a gap: the position of the last event before it; empty: none
  std::vector<std::uint16_t> reported{};  // of a gap: the endpoints whose clients are sent frames.gap
};

struct Batch {
  std::uint64_t number = 0;
  std::uint64_t last_event = 0;  // the number of the last event that was routed before this batch was sent
  std::vector<RoutedEvent> events;
  std::string names;      // of channels, one behind the other
  std::size_t bytes = 0;  // of the frames of its events
  std::vector<Gap> gaps;
  std::optional<BusNews> news;

  std::string_view name_of(const RoutedEvent& event) const {
    return std::string_view(names).substr(event.name_begin, event.name_size);
  }
};
using SharedBatch = std::shared_ptr<const Batch>;

class BatchTaker {
 public:
  // Called on the Router's thread, for a shard on any thread; never blocks.
  virtual void take_batch(SharedBatch batch) = 0;
  // The same for answers to ResumeService::ask(): they come after the batches that were sent before them.
  virtual void take_answers(std::vector<ResumeAnswer> answers) = 0;

 protected:
  ~BatchTaker() = default;
};

class Router final : public bus::EventSink {
 public:
  // A batch that has this many frames, or frames of this many bytes, is sent at the end of the event, and a
  // new one begins.
  static constexpr std::size_t kBatchEventsMax = 256;
  static constexpr std::size_t kBatchBytesMax = 1024 * 1024;
  // A log counts bytes in 32 bits, so an event whose frame is larger is dropped. Quoting control characters,
  // or a template that repeats the body, can make a frame that large.
  static constexpr std::size_t kFrameBytesMax = (std::size_t{1} << 31) - 1;

  // By how much the number grows at the first gap after share_numbers(): at a million events a second, those
  // of twelve days.
  static constexpr std::uint64_t kGiverStep = std::uint64_t{1} << 40;
  static constexpr std::uint64_t kTakerStep = std::uint64_t{1} << 41;

  // `memory` outlives every frame that it makes. `admission` knows which streams have clients.
  Router(const protocol::EndpointTable& endpoints, const client::Admission& admission,
         fanout::FrameMemory& memory, EventHistory& history, reactor::Loop& loop, Log& log);
  void add_taker(BatchTaker& taker) { takers_.push_back(&taker); }
  // For tests: less than kFrameBytesMax.
  void set_frame_bytes_max(std::size_t bytes) { frame_bytes_max_ = bytes; }

  void on_event(const Event& event) override;
  void on_batch_end() override;
  void on_gap() override;
  void on_status(const bus::BusStatus& status) override;

  // The number of the last event; a gap of the bus has one as well.
  std::uint64_t last_event() const { return last_.event; }
  // Has the next event follow this one. Before there are clients.
  void begin_after(std::uint64_t number);
  // Another process numbers the same events in the same way: the one that takes over, or the one that it took
  // over from. After a gap of one of them they no longer do, so the numbers after it must not be those of
  // events of the other: they begin where neither gets otherwise, at a different place for each side.
  enum class Sharer { giver, taker };
  void share_numbers(Sharer side) { last_.gap_step = side == Sharer::giver ? kGiverStep : kTakerStep; }

  const client::RouterCounters& counters() const { return counters_; }
  // The bus's state, for health. Any thread.
  const bus::SharedStatus& bus_status() const { return bus_status_; }

 private:
  class Body;
  void route(const protocol::Endpoint& endpoint, std::string_view channel,
             const protocol::Source::Match& match, json::Outline& body);
  bool send(const protocol::Endpoint& endpoint, std::string_view channel, const protocol::Audience& audience,
            std::string_view payload);
  bool render(const protocol::Endpoint& endpoint, std::string_view channel, std::string_view star,
              json::Outline& body);
  void add_to_batch(const protocol::Endpoint& endpoint, const protocol::Audience& audience,
                    Ref<const fanout::Frame> frame);
  void end_event();
  enum class Drop : std::uint8_t { too_large, no_memory };
  void drop(const protocol::Endpoint& endpoint, std::string_view channel, Drop why);
  void send_news(BusNews news, std::vector<Gap> gaps);
  void log_dropped(std::string_view reason, std::string_view channel, std::string_view detail);

  const protocol::EndpointTable& endpoints_;
  const client::Admission& admission_;
  EventHistory& history_;
  reactor::Loop& loop_;
  Log& log_;
  std::vector<BatchTaker*> takers_;
  std::vector<fanout::FrameArena> arenas_;  // by endpoint, so that the bursts of each lie in one piece
  std::size_t frame_bytes_max_ = kFrameBytesMax;
  // Kept, so that encoding an event allocates nothing.
  struct {
    std::string payload;
    // Of the event that is being routed:
    std::string position;
    std::vector<std::uint16_t> lost_by;  // the endpoints that had no memory for its frame
  } scratch_;
  std::shared_ptr<Batch> batch_;
  struct {
    std::uint64_t batch = 0;
    std::uint64_t event = 0;
    std::uint64_t gap_step = 1;                  // by how much that of the event grows at the next gap
  } last_;                                       // numbers
  protocol::TimeValues relayed_at_{WallTime{}};  // for all events of one millisecond
  LineSampler dropped_lines_;
  client::RouterCounters counters_;
  bus::SharedStatus bus_status_;
};

}  // namespace carillon::gateway

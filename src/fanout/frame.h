#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ref.h"
#include "base/time.h"
#include "event/encoder.h"
#include "fanout/frame_memory.h"

namespace carillon::fanout {

// FrameBlock: memory to which one writer appends; bytes once written never move or change. A block is at most
// 4 GiB, and counts in `memory` from make() until its last frame is destroyed.
class FrameBlock final : public RefCounted {
 public:
  static Ref<FrameBlock> make(std::size_t capacity, FrameMemory& memory);
  static void destroy(FrameBlock* block);

  std::size_t room() const { return capacity_ - used_; }
  char* take(std::size_t size);  // CARILLON_ASSERTs that there is room
  FrameMemory& memory() const { return memory_; }
  // Memory in addition to the block, with the same lifetime. Only the writer calls it.
  void charge(std::size_t bytes);

 private:
  FrameBlock(std::size_t capacity, FrameMemory& memory)
      : capacity_(static_cast<std::uint32_t>(capacity)), memory_(memory) {}
  ~FrameBlock() = default;

  std::uint32_t capacity_;
  std::uint32_t used_ = 0;
  std::uint32_t charged_ = 0;
  FrameMemory& memory_;
  // The bytes follow the object.
};

// What the Router knows of an event besides its body.
struct EventStamp {
  MonoTime received{};          // when the process received it
  std::uint64_t number = 0;     // its place among all events of the process (gateway/event_history.h)
  std::string_view position{};  // the text of it, for encoders that write it (event/encoder.h)
};

// Frame: the ready-made bytes of one event for one endpoint, encoded once in the process.
//
// Thread: immutable and reference-counted, so the logs of all shards may hold it at once. The plain form
// always exists; the first shard that needs the compressed form makes it. The frames of a FrameArena are
// stored contiguously in shared 64 KiB blocks, so that a burst is sent as one piece: contiguous bytes are
// 5-10 % cheaper to send than gathered ones.
class Frame final : public RefCounted {
 public:
  // `plain` is the encoded frame; the event's body is `body_size` bytes of it, from `body_at` on.
  static Ref<const Frame> make(Ref<FrameBlock> block, std::string_view plain, std::size_t body_at,
                               std::size_t body_size, const EventStamp& stamp);
  static void destroy(const Frame* frame);

  std::string_view plain() const { return plain_; }
  // When the process received the event, as wrapping_tick().
  std::uint32_t received() const { return received_; }
  std::uint64_t number() const { return number_; }
  // The event's payload, before it was encoded.
  std::string_view payload() const { return plain_.substr(body_at_, body_size_); }

  // Returns the compressed form, made on first use and kept; the plain bytes when compression would not
  // shorten them. `compressor` is the calling shard's own.
  std::string_view compressed(EventCompressor& compressor) const;

 private:
  Frame(Ref<FrameBlock> block, std::string_view plain, std::size_t body_at, std::size_t body_size,
        const EventStamp& stamp)
      : received_(wrapping_tick(stamp.received)),
        number_(stamp.number),
        block_(std::move(block)),
        plain_(plain),
        body_at_(static_cast<std::uint32_t>(body_at)),
        body_size_(static_cast<std::uint32_t>(body_size)) {}
  ~Frame();

  struct Compressed;
  std::uint32_t received_;  // first, because it fits behind the reference count
  std::uint64_t number_;
  Ref<FrameBlock> block_;
  std::string_view plain_;
  std::uint32_t body_at_;
  std::uint32_t body_size_;
  mutable std::atomic<Compressed*> compressed_{nullptr};
};

// FrameArena: makes frames from event bodies with `encoder`. One thread uses it: the Router's. `memory`
// outlives every frame.
class FrameArena {
 public:
  FrameArena(FrameMemory& memory, const EventEncoder& encoder) : memory_(&memory), encoder_(&encoder) {}

  static constexpr std::size_t kBlockBytes = 64 * 1024;
  static constexpr std::size_t kOwnBlockFrom = 16 * 1024;  // larger frames get a block of their own

  // For a log with many subscribers: frames stored contiguously in the open block.
  Ref<const Frame> make_shared(std::string_view body, const EventStamp& stamp = {});
  // For a log with few subscribers: a block of its own, so that a small event never keeps a shared block
  // alive.
  Ref<const Frame> make_own(std::string_view body, const EventStamp& stamp = {});

 private:
  Ref<const Frame> make_in(const Ref<FrameBlock>& block, std::string_view body, std::size_t size,
                           const EventStamp& stamp) const;

  FrameMemory* memory_;
  const EventEncoder* encoder_;
  Ref<FrameBlock> open_;
  std::uint32_t frames_in_open_ = 0;
};

}  // namespace carillon::fanout

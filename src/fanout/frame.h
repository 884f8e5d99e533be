#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ref.h"
#include "fanout/frame_memory.h"

namespace carillon::websocket {
class Deflater;
}

namespace carillon::fanout {

// Bytes that only grow at their end, by one writer; what has been handed out never moves or changes. A block
// is at most 4 GiB; its memory counts in `memory` from make() until the last frame in it is gone.
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

// Frame: the ready-made bytes of one event for one endpoint, encoded once in the process.
//
// Thread: immutable and counted, so every shard's log may hold it at once. The plain column exists
// from birth; the deflated one is made by the first shard that needs it.
// Frames of one FrameArena lie one behind the other in shared 64 KiB blocks, so that a burst leaves
// in one contiguous piece: contiguous bytes are 5-10 % cheaper to send than gathered ones.
class Frame final : public RefCounted {
 public:
  static Ref<const Frame> make(Ref<FrameBlock> block, std::string_view frame, std::uint32_t header_size);
  static void destroy(const Frame* frame);

  std::string_view plain() const { return plain_; }

  // permessage-deflate, made on first use and kept. Falls back to the plain frame where compression
  // does not pay. `deflater` is the calling shard's own.
  std::string_view deflated(websocket::Deflater& deflater) const;

 private:
  Frame(Ref<FrameBlock> block, std::string_view plain, std::uint32_t header_size)
      : block_(std::move(block)), plain_(plain), header_size_(header_size) {}
  ~Frame();

  struct Deflated;
  Ref<FrameBlock> block_;
  std::string_view plain_;
  std::uint32_t header_size_;
  mutable std::atomic<Deflated*> deflated_{nullptr};
};

// Makes text frames (RFC 6455 section 5.6) of event bodies. One writer: the Router. `memory` outlives every
// frame.
class FrameArena {
 public:
  explicit FrameArena(FrameMemory& memory) : memory_(&memory) {}

  static constexpr std::size_t kBlockBytes = 64 * 1024;
  static constexpr std::size_t kOwnBlockFrom = 16 * 1024;  // larger frames get a block of their own

  // For a log with many subscribers: frames stored contiguously in the open block.
  Ref<const Frame> make_shared(std::string_view payload);
  // For a log of few, so that one small event never keeps a whole block alive.
  Ref<const Frame> make_own(std::string_view payload);

 private:
  FrameMemory* memory_;
  Ref<FrameBlock> open_;
  std::uint32_t frames_in_open_ = 0;
};

}  // namespace carillon::fanout

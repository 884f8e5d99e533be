#include "fanout/frame.h"

#include <limits>
#include <memory>
#include <new>
#include <string>

#include "base/assert.h"

namespace carillon::fanout {
namespace {

// Memory of an event in addition to its bytes: its Frame, with the allocator's overhead.
constexpr std::size_t kFrameOverhead = sizeof(Frame) + 16;

}  // namespace

Ref<FrameBlock> FrameBlock::make(std::size_t capacity, FrameMemory& memory) {
  CARILLON_ASSERT(capacity <= std::numeric_limits<std::uint32_t>::max() - 4096);
  void* place = ::operator new(sizeof(FrameBlock) + capacity);
  auto block = Ref<FrameBlock>::adopt(new (place) FrameBlock(capacity, memory));
  block->charge(sizeof(FrameBlock) + capacity);
  return block;
}

void FrameBlock::charge(std::size_t bytes) {
  charged_ += static_cast<std::uint32_t>(bytes);
  memory_.add(bytes);
}

void FrameBlock::destroy(FrameBlock* block) {
  block->memory_.subtract(block->charged_);
  block->~FrameBlock();
  ::operator delete(block);
}

char* FrameBlock::take(std::size_t size) {
  CARILLON_ASSERT(size <= room());
  char* bytes = reinterpret_cast<char*>(this + 1) + used_;
  used_ += static_cast<std::uint32_t>(size);
  return bytes;
}

struct Frame::Compressed {
  std::string bytes;

  std::size_t memory() const { return sizeof(Compressed) + bytes.capacity(); }
};

Ref<const Frame> Frame::make(Ref<FrameBlock> block, std::string_view plain, std::size_t body_at,
                             std::size_t body_size, const EventStamp& stamp) {
  return Ref<const Frame>::adopt(new Frame(std::move(block), plain, body_at, body_size, stamp));
}

void Frame::destroy(const Frame* frame) { delete frame; }

Frame::~Frame() {
  const Compressed* const made = compressed_.load(std::memory_order_relaxed);
  if (!made) return;
  block_->memory().subtract(made->memory());
  delete made;
}

std::string_view Frame::compressed(EventCompressor& compressor) const {
  Compressed* made = compressed_.load(std::memory_order_acquire);
  if (!made) {
    auto fresh = std::make_unique<Compressed>();
    compressor.try_append(fresh->bytes, payload());
    // Two shards may both compress; the second one's result is discarded.
    if (compressed_.compare_exchange_strong(made, fresh.get(), std::memory_order_acq_rel)) {
      block_->memory().add(fresh->memory());
      made = fresh.release();
    }
  }
  return made->bytes.empty() ? plain_ : std::string_view(made->bytes);
}

Ref<const Frame> FrameArena::make_in(const Ref<FrameBlock>& block, std::string_view body, std::size_t size,
                                     const EventStamp& stamp) const {
  char* const out = block->take(size);
  const std::size_t body_at = encoder_->write(out, {body, stamp.position});
  return Frame::make(block, {out, size}, body_at, body.size(), stamp);
}

Ref<const Frame> FrameArena::make_shared(std::string_view body, const EventStamp& stamp) {
  const std::size_t size = encoder_->size_of({body, stamp.position});
  if (size >= kOwnBlockFrom) return make_own(body, stamp);
  if (!open_ || open_->room() < size) {
    // Once per block and not per frame: all threads share the counter.
    if (open_) open_->charge(frames_in_open_ * kFrameOverhead);
    open_ = FrameBlock::make(kBlockBytes, *memory_);
    frames_in_open_ = 0;
  }
  ++frames_in_open_;
  return make_in(open_, body, size, stamp);
}

Ref<const Frame> FrameArena::make_own(std::string_view body, const EventStamp& stamp) {
  const std::size_t size = encoder_->size_of({body, stamp.position});
  auto block = FrameBlock::make(size, *memory_);
  block->charge(kFrameOverhead);
  return make_in(block, body, size, stamp);
}

}  // namespace carillon::fanout

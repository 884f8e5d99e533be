#include "fanout/frame.h"

#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string>

#include "base/assert.h"
#include "websocket/deflate.h"
#include "websocket/frame_writer.h"

namespace carillon::fanout {
namespace {

// Memory of an event in addition to its bytes: its Frame, with the allocator's overhead.
constexpr std::size_t kFrameOverhead = sizeof(Frame) + 16;

Ref<const Frame> make_in(const Ref<FrameBlock>& block, std::string_view payload) {
  const std::size_t header_size = websocket::server_header_size(payload.size());
  char* out = block->take(header_size + payload.size());
  websocket::write_header(out, websocket::Opcode::text, payload.size());
  std::memcpy(out + header_size, payload.data(), payload.size());
  return Frame::make(block, {out, header_size + payload.size()}, static_cast<std::uint32_t>(header_size));
}

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

struct Frame::Deflated {
  std::string bytes;

  std::size_t memory() const { return sizeof(Deflated) + bytes.capacity(); }
};

Ref<const Frame> Frame::make(Ref<FrameBlock> block, std::string_view frame, std::uint32_t header_size) {
  return Ref<const Frame>::adopt(new Frame(std::move(block), frame, header_size));
}

void Frame::destroy(const Frame* frame) { delete frame; }

Frame::~Frame() {
  const Deflated* const made = deflated_.load(std::memory_order_relaxed);
  if (!made) return;
  block_->memory().subtract(made->memory());
  delete made;
}

std::string_view Frame::deflated(websocket::Deflater& deflater) const {
  Deflated* made = deflated_.load(std::memory_order_acquire);
  if (!made) {
    auto fresh = std::make_unique<Deflated>();
    const std::string_view payload = plain_.substr(header_size_);
    std::string compressed;
    if (deflater.try_append_deflated(compressed, payload)) {
      websocket::append_frame(fresh->bytes, websocket::Opcode::text, compressed, websocket::Rsv1::set);
    }
    // Two shards may both compress; the second one's work is thrown away.
    if (deflated_.compare_exchange_strong(made, fresh.get(), std::memory_order_acq_rel)) {
      block_->memory().add(fresh->memory());
      made = fresh.release();
    }
  }
  return made->bytes.empty() ? plain_ : std::string_view(made->bytes);
}

Ref<const Frame> FrameArena::make_shared(std::string_view payload) {
  const std::size_t size = websocket::server_header_size(payload.size()) + payload.size();
  if (size >= kOwnBlockFrom) return make_own(payload);
  if (!open_ || open_->room() < size) {
    // Once a block, not once a frame: the counter is shared by all threads.
    if (open_) open_->charge(frames_in_open_ * kFrameOverhead);
    open_ = FrameBlock::make(kBlockBytes, *memory_);
    frames_in_open_ = 0;
  }
  ++frames_in_open_;
  return make_in(open_, payload);
}

Ref<const Frame> FrameArena::make_own(std::string_view payload) {
  auto block = FrameBlock::make(websocket::server_header_size(payload.size()) + payload.size(), *memory_);
  block->charge(kFrameOverhead);
  return make_in(block, payload);
}

}  // namespace carillon::fanout

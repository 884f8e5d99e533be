#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/ref.h"
#include "base/time.h"
#include "event/tag.h"

namespace carillon::history {

// What is to be retained of an event. The views are copied.
struct Event {
  std::uint64_t number = 0;  // at least 1
  Tag tag = 0;
  WallTime received;           // when this process received the event
  std::string_view frame;      // what clients are sent, encoded or only rendered
  std::size_t payload_at = 0;  // where the rendered payload begins in the frame; at most 255
  std::string_view body;       // the JSON that was published
};

// Record: one retained event of one endpoint.
//
// Thread: immutable and reference-counted (atomically), so that any thread may hold and read one. Only the
// thread of its Store uses the link to its neighbours.
// Lifetime: an evicted record lives until the last Ref to it is gone. The views point into the record.
// Memory: one allocation of exact size. The body is stored once when the payload contains it verbatim,
// otherwise a second time behind the frame. Beyond the bytes a record costs 40 bytes and what malloc adds, at
// most 63 bytes in all.
class Record final : public RefCounted {
 public:
  // Returns nothing when there is no memory, or when the event is larger than kBytesMax.
  static Ref<const Record> try_make(const Event& event);
  static void destroy(const Record* record);

  static constexpr std::size_t kBytesMax = std::size_t{1} << 30;

  std::uint64_t number() const { return number_; }
  Tag tag() const { return static_cast<Tag>(tag_); }
  // Milliseconds of 48 bits, which last for 8,900 years; earlier than 1970 becomes 1970.
  WallTime received() const { return WallTime(milliseconds(received_ms_)); }

  std::string_view frame() const { return {bytes(), frame_size_}; }
  // The frame without the header that it may have.
  std::string_view payload() const { return frame().substr(payload_at_); }
  std::string_view body() const { return {bytes() + body_at_, body_size_}; }

  // What the record occupies, with the allocator's overhead (allocation.h).
  std::size_t memory() const;

 private:
  friend class RecordList;

  Record(const Event& event, std::size_t body_at);
  ~Record() = default;

  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }

  std::uint32_t frame_size_;  // first, because it fits behind the reference count
  std::uint64_t number_;
  mutable std::uintptr_t neighbours_ = 0;  // RecordList's
  std::uint64_t received_ms_ : 48;
  std::uint64_t tag_ : 8;
  std::uint64_t payload_at_ : 8;
  std::uint32_t body_at_;
  std::uint32_t body_size_;
  // The bytes follow the object.
};

static_assert(sizeof(Record) == 40);

}  // namespace carillon::history

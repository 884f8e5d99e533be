#include "history/record.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/assert.h"
#include "base/soft_allocation.h"
#include "history/allocation.h"

namespace carillon::history {
namespace {

constexpr std::size_t kPayloadAtMax = 255;

std::uint64_t milliseconds_of(WallTime time) {
  constexpr std::int64_t kMost = (std::int64_t{1} << 48) - 1;
  return static_cast<std::uint64_t>(std::clamp(time.time_since_epoch().count(), std::int64_t{0}, kMost));
}

constexpr std::size_t kPlacesOfFind = 256;

const char* find(std::string_view text, std::string_view part) {
  const std::size_t at = text.find(part);
  return at == std::string_view::npos ? nullptr : text.data() + at;
}

// Returns where the body begins in the frame; the frame's size when its payload does not contain the body.
std::size_t find_body(const Event& event) {
  const std::string_view payload = event.frame.substr(event.payload_at);
  if (event.body.empty()) return event.frame.size();
  if (event.body.size() > payload.size()) return event.frame.size();
  // find() is faster, but compares the body at every place where it could begin. memmem() takes linear time.
  const std::size_t places = payload.size() - event.body.size() + 1;
  const void* const found = places <= kPlacesOfFind ? find(payload, event.body)
                                                    : ::memmem(payload.data(), payload.size(),
                                                               event.body.data(), event.body.size());
  if (!found) return event.frame.size();
  return static_cast<std::size_t>(static_cast<const char*>(found) - event.frame.data());
}

void copy(std::string_view bytes, char* out) { std::copy(bytes.begin(), bytes.end(), out); }

}  // namespace

Record::Record(const Event& event, std::size_t body_at)
    : frame_size_(static_cast<std::uint32_t>(event.frame.size())),
      number_(event.number),
      received_ms_(milliseconds_of(event.received) & 0xffff'ffff'ffff),
      tag_(event.tag),
      payload_at_(event.payload_at & 0xff),
      body_at_(static_cast<std::uint32_t>(body_at)),
      body_size_(static_cast<std::uint32_t>(event.body.size())) {}

Ref<const Record> Record::try_make(const Event& event) {
  CARILLON_ASSERT(event.payload_at <= kPayloadAtMax && event.payload_at <= event.frame.size());
  CARILLON_ASSERT(event.tag < 64);
  if (event.frame.size() > kBytesMax || event.body.size() > kBytesMax) return {};
  const std::size_t body_at = find_body(event);
  const bool is_behind = body_at == event.frame.size();
  const std::size_t size = sizeof(Record) + event.frame.size() + (is_behind ? event.body.size() : 0);
  void* place = nullptr;
  if (!try_allocate(size, [&] { place = ::operator new(size); })) return {};
  const auto* const record = new (place) Record(event, body_at);
  char* const bytes = static_cast<char*>(place) + sizeof(Record);
  copy(event.frame, bytes);
  if (is_behind) copy(event.body, bytes + body_at);
  return Ref<const Record>::adopt(record);
}

void Record::destroy(const Record* record) {
  record->~Record();
  ::operator delete(const_cast<Record*>(record));
}

std::size_t Record::memory() const {
  const std::size_t end = std::max<std::size_t>(frame_size_, std::size_t{body_at_} + body_size_);
  return allocated_bytes(sizeof(Record) + end);
}

}  // namespace carillon::history

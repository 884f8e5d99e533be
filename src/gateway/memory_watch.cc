#include "gateway/memory_watch.h"

#include <malloc.h>

#include <utility>

namespace carillon::gateway {
namespace {

constexpr int kSamplesATrim = 10;
constexpr std::size_t kFreeHeapBytesMax = 8 * 1024 * 1024;

// Memory that was freed between blocks still in use stays with the process until malloc_trim() is called.
void give_back_free_heap() {
  if (::mallinfo2().fordblks > kFreeHeapBytesMax) ::malloc_trim(0);
}

}  // namespace

MemoryWatch::MemoryWatch(reactor::Loop& loop, client::Admission& admission, Log& log, Options options)
    : loop_(loop), admission_(admission), log_(log), options_(std::move(options)) {}

MemoryWatch::~MemoryWatch() { loop_.cancel(timer_); }

void MemoryWatch::start() { sample(); }

void MemoryWatch::sample() {
  timer_ = loop_.call_after(kEvery, [this] { sample(); });
  using Reserve = client::MemoryPressure::Reserve;
  const bool used_up = options_.reserve != nullptr && options_.reserve->is_used_up();
  const client::MemoryLevel before = pressure_.level();
  const client::MemoryLevel now =
      pressure_.sample(options_.read(), used_up ? Reserve::used_up : Reserve::whole);
  admission_.set_memory(now);
  if (now != before) note_change(before, now);
  if (now == client::MemoryLevel::shedding) options_.shed();
  if (used_up) options_.reserve->try_refill();
  if (++samples_ % kSamplesATrim == 0) give_back_free_heap();
}

// At most one line a second, because that is how often it is called.
void MemoryWatch::note_change(client::MemoryLevel before, client::MemoryLevel now) {
  const std::initializer_list<LogField> fields{
      {"used_bytes", static_cast<std::int64_t>(pressure_.used_bytes())},
      {"limit_bytes", static_cast<std::int64_t>(pressure_.limit_bytes())},
      {"pressure", name_of(now)}};
  if (now == client::MemoryLevel::normal) {
    log_.info("memory is no longer short: new clients are accepted again", fields);
  } else if (now == client::MemoryLevel::shedding) {
    log_.warning(
        "memory is very short: the clients furthest behind are closed and request bodies are refused",
        fields);
  } else if (before == client::MemoryLevel::normal) {
    log_.warning("memory is short: new clients are refused with 503", fields);
  }
}

std::function<MemoryUse()> memory_reader(std::uint64_t limit_bytes) {
  if (limit_bytes == 0) return [] { return memory_use(); };
  return [limit_bytes] { return MemoryUse{resident_bytes(), limit_bytes}; };
}

}  // namespace carillon::gateway

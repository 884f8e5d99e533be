#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "event/encoder.h"
#include "event/position.h"
#include "fanout/replay.h"
#include "history/reading.h"

namespace carillon::gateway {

// RecordReplay: retained events as a subscriber is sent them again. A record has the payload; `encoder`, the
// one of the subscriber's transport, makes of it the same bytes as when the event was new.
//
// Thread: the shard's. It holds its records until they have been sent.
class RecordReplay final : public fanout::ReplaySource {
 public:
  // `epoch`: of the process's positions. The encoder outlives it.
  RecordReplay(history::Records records, const EventEncoder& encoder, std::uint64_t epoch)
      : records_(std::move(records)), encoder_(encoder), epoch_(epoch) {}

  std::uint32_t append_next(std::string& out, std::size_t bytes) override {
    std::uint32_t events = 0;
    for (const std::size_t begin = out.size(); next_ < records_.size() && out.size() - begin < bytes;
         ++events) {
      append(*records_[next_], out);
      records_[next_++] = {};
    }
    return events;
  }

 private:
  void append(const history::Record& record, std::string& out) {
    position_.clear();
    append_text({epoch_, record.number()}, position_);
    const EventText event{record.payload(), position_};
    const std::size_t at = out.size();
    out.resize(at + encoder_.size_of(event));
    encoder_.write(out.data() + at, event);
  }

  history::Records records_;
  const EventEncoder& encoder_;
  const std::uint64_t epoch_;
  std::string position_;  // kept, so that its memory is reused
  std::size_t next_ = 0;
};

}  // namespace carillon::gateway

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "fanout/replay.h"
#include "history/reading.h"

namespace carillon::gateway {

// RecordReplay: retained events as a subscriber is sent them again, byte for byte.
//
// Thread: the shard's. It holds its records until they have been sent.
class RecordReplay final : public fanout::ReplaySource {
 public:
  explicit RecordReplay(history::Records records) : records_(std::move(records)) {}

  std::uint32_t append_next(std::string& out, std::size_t bytes) override {
    std::uint32_t events = 0;
    for (const std::size_t begin = out.size(); next_ < records_.size() && out.size() - begin < bytes;
         ++events) {
      out += records_[next_]->frame();
      records_[next_++] = {};
    }
    return events;
  }

 private:
  history::Records records_;
  std::size_t next_ = 0;
};

}  // namespace carillon::gateway

#pragma once

#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/ref.h"
#include "history/record.h"

namespace carillon::history {

// RecordList: the retained records of one channel, oldest first. It holds a reference to each.
//
// Thread: the one of its Store. A record is in at most one list at a time.
//
// It is linked in both directions, at 8 bytes per record: each record stores the addresses of its two
// neighbours XORed, so that a walk that knows one of them finds the other. An array of pointers would be
// simpler, but its unused part would cost a channel with few events more than all of its other state.
class RecordList {
 public:
  // Walks from the newest record to the oldest. Valid until the list changes.
  class Walk {
   public:
    explicit Walk(const RecordList& list) : at_(list.newest_) {}

    // The record at which the walk is; null behind the oldest one.
    const Record* record() const { return at_; }
    // A reference to that record. CARILLON_ASSERTs that there is one.
    Ref<const Record> reference() const {
      CARILLON_ASSERT(at_);
      at_->add_ref();
      return Ref<const Record>::adopt(at_);
    }
    void to_older() {
      const Record* const older = other_neighbour(at_, newer_);
      newer_ = at_;
      at_ = older;
    }

   private:
    const Record* at_;
    const Record* newer_ = nullptr;
  };

  RecordList() = default;
  RecordList(const RecordList&) = delete;
  RecordList& operator=(const RecordList&) = delete;
  ~RecordList();

  bool empty() const { return !oldest_; }
  std::uint32_t size() const { return size_; }
  // The memory that its records occupy.
  std::uint64_t bytes() const { return bytes_; }
  const Record* oldest() const { return oldest_; }  // null when empty

  void push_newest(Ref<const Record> record);
  // CARILLON_ASSERTs that the list is not empty.
  Ref<const Record> pop_oldest();

 private:
  static std::uintptr_t address(const Record* record) { return reinterpret_cast<std::uintptr_t>(record); }
  static const Record* other_neighbour(const Record* record, const Record* neighbour) {
    return reinterpret_cast<const Record*>(record->neighbours_ ^ address(neighbour));
  }

  const Record* oldest_ = nullptr;
  const Record* newest_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::uint32_t size_ = 0;
};

}  // namespace carillon::history

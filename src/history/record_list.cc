#include "history/record_list.h"

#include <limits>
#include <utility>

#include "base/assert.h"

namespace carillon::history {

RecordList::~RecordList() {
  while (!empty()) pop_oldest();
}

void RecordList::push_newest(Ref<const Record> record) {
  CARILLON_ASSERT(size_ < std::numeric_limits<std::uint32_t>::max());
  record->add_ref();  // the list's
  record->neighbours_ = address(newest_);
  if (newest_) newest_->neighbours_ ^= address(record.get());
  newest_ = record.get();
  if (!oldest_) oldest_ = newest_;
  bytes_ += record->memory();
  ++size_;
}

Ref<const Record> RecordList::pop_oldest() {
  CARILLON_ASSERT(!empty());
  const Record* const popped = oldest_;
  oldest_ = other_neighbour(popped, nullptr);
  if (oldest_) {
    oldest_->neighbours_ ^= address(popped);
  } else {
    newest_ = nullptr;
  }
  bytes_ -= popped->memory();
  --size_;
  return Ref<const Record>::adopt(popped);
}

}  // namespace carillon::history

// Snapshot: all that a Store retains at one moment, for a process that takes over; and the bytes as
// which it travels.
//
// Thread: a snapshot is taken on the store's thread; after that it may be written on any. Pure: what writes
// to a file is the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ref.h"
#include "base/result.h"
#include "history/record.h"

namespace carillon::history {

// Of one store. The records are those after its last gap, and are ordered by channel.
struct Snapshot {
  struct ChannelEntry {
    std::string name;
    std::uint64_t floor = 0;
    std::vector<Ref<const Record>> records;  // newest first
  };
  std::uint64_t gap_floor = 0;
  std::uint64_t folded_floor = 0;  // of the channels that have no record
  std::vector<ChannelEntry> channels;
};

// Takes the bytes of a snapshot, piece by piece. Returns false when they cannot be written, which ends it.
using Sink = std::function<bool(std::string_view)>;

// Writes the snapshots of several stores as one: first the records of all of them in ascending order of
// number, which is the order in which Store::append() wants them, then the floors. At most 65,535 stores.
// Returns false as soon as `sink` does.
bool write_snapshots(const std::vector<Snapshot>& stores, const Sink& sink);

struct SnapshotEntry;  // snapshot.cc

// SnapshotReader: reads what write_snapshots() has written. The bytes may be any: what is not such a snapshot
// is a failure.
class SnapshotReader {
 public:
  // The views point into the bytes.
  struct Retained {
    std::uint16_t store = 0;
    std::string_view channel;
    Event event;
  };
  struct Floor {
    std::uint16_t store = 0;
    std::optional<std::string_view> channel;  // nothing: that of the channels without a record
    std::uint64_t number = 0;
  };
  using TakeRecord = std::function<void(const Retained&)>;
  using TakeFloor = std::function<void(const Floor&)>;

  // `bytes` outlive the reader. `stores`: how many there are; another store is a failure.
  SnapshotReader(std::string_view bytes, std::size_t stores) : bytes_(bytes), stores_(stores) {}

  // Calls `record` for each record, and then `floor` for each floor. Where it fails, some may have been
  // passed on.
  Result<std::monostate> read(const TakeRecord& record, const TakeFloor& floor);

 private:
  std::optional<std::string_view> take(std::size_t size);
  bool read_record(const SnapshotEntry& entry, const TakeRecord& record);
  bool read_floor(const SnapshotEntry& entry, const TakeFloor& floor);

  std::string_view bytes_;
  const std::size_t stores_;
  std::uint64_t last_number_ = 0;
};

}  // namespace carillon::history

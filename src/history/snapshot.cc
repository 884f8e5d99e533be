#include "history/snapshot.h"

#include <algorithm>
#include <cstring>

namespace carillon::history {
namespace {

enum class Kind : std::uint8_t { record = 1, channel_floor = 2, store_floor = 3, end = 4 };

}  // namespace

// What each entry begins with, in the byte order of the machine, which both processes share. The name follows
// it; then, of a record, the payload, and the body where the payload does not contain it.
struct SnapshotEntry {
  std::uint64_t number = 0;  // of the event, or the floor; at the end, how many entries came before
  std::int64_t received_ms = 0;
  std::uint32_t payload_size = 0;
  std::uint32_t body_at = 0;  // in the payload; its size: the body follows it
  std::uint32_t body_size = 0;
  std::uint16_t store = 0;
  Kind kind = Kind::end;
  Tag tag = 0;
  std::uint8_t name_size = 0;
  std::uint8_t padding[7] = {};
};

namespace {

// One record with its place.
struct Placed {
  const Record* record;
  std::uint16_t store;
  std::uint32_t channel;
};

std::vector<Placed> in_order(const std::vector<Snapshot>& stores) {
  std::vector<Placed> all;
  for (std::size_t store = 0; store < stores.size(); ++store) {
    for (std::size_t channel = 0; channel < stores[store].channels.size(); ++channel) {
      for (const auto& record : stores[store].channels[channel].records) {
        all.push_back({record.get(), static_cast<std::uint16_t>(store), static_cast<std::uint32_t>(channel)});
      }
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Placed& a, const Placed& b) { return a.record->number() < b.record->number(); });
  return all;
}

std::string_view bytes_of(const SnapshotEntry& entry) {
  return {reinterpret_cast<const char*>(&entry), sizeof entry};
}

bool write_record(const Placed& placed, std::string_view name, const Sink& sink) {
  const Record& record = *placed.record;
  const std::string_view payload = record.payload();
  const std::string_view body = record.body();
  const bool is_inside = body.data() >= payload.data() && body.data() < payload.data() + payload.size();
  SnapshotEntry entry;
  entry.number = record.number();
  entry.received_ms = record.received().time_since_epoch().count();
  entry.payload_size = static_cast<std::uint32_t>(payload.size());
  entry.body_at = is_inside ? static_cast<std::uint32_t>(body.data() - payload.data()) : entry.payload_size;
  entry.body_size = static_cast<std::uint32_t>(body.size());
  entry.store = placed.store;
  entry.kind = Kind::record;
  entry.tag = record.tag();
  entry.name_size = static_cast<std::uint8_t>(name.size());
  return sink(bytes_of(entry)) && sink(name) && sink(payload) && (is_inside || sink(body));
}

bool write_floor(std::size_t store, const std::string* name, std::uint64_t floor, const Sink& sink) {
  SnapshotEntry entry;
  entry.number = floor;
  entry.store = static_cast<std::uint16_t>(store);
  entry.kind = name ? Kind::channel_floor : Kind::store_floor;
  entry.name_size = name ? static_cast<std::uint8_t>(name->size()) : std::uint8_t{0};
  return sink(bytes_of(entry)) && sink(name ? std::string_view(*name) : std::string_view());
}

}  // namespace

bool write_snapshots(const std::vector<Snapshot>& stores, const Sink& sink) {
  std::uint64_t count = 0;
  for (const Placed& placed : in_order(stores)) {
    if (!write_record(placed, stores[placed.store].channels[placed.channel].name, sink)) return false;
    ++count;
  }
  for (std::size_t store = 0; store < stores.size(); ++store) {
    for (const Snapshot::ChannelEntry& channel : stores[store].channels) {
      if (!write_floor(store, &channel.name, channel.floor, sink)) return false;
      ++count;
    }
    if (!write_floor(store, nullptr, stores[store].folded_floor, sink)) return false;
    ++count;
  }
  SnapshotEntry end;
  end.number = count;
  return sink(bytes_of(end));
}

std::optional<std::string_view> SnapshotReader::take(std::size_t size) {
  if (bytes_.size() < size) return std::nullopt;
  const std::string_view taken = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return taken;
}

Result<std::monostate> SnapshotReader::read(const TakeRecord& record, const TakeFloor& floor) {
  for (std::uint64_t count = 0;; ++count) {
    const auto bytes = take(sizeof(SnapshotEntry));
    if (!bytes) return failure("the history of the other process ends too early");
    SnapshotEntry entry;
    std::memcpy(&entry, bytes->data(), sizeof entry);
    bool is_good = false;
    switch (entry.kind) {
      case Kind::record:
        is_good = read_record(entry, record);
        break;
      case Kind::channel_floor:
      case Kind::store_floor:
        is_good = read_floor(entry, floor);
        break;
      case Kind::end:
        if (entry.number == count && bytes_.empty()) return std::monostate{};
        break;
    }
    if (!is_good) return failure("the history of the other process is not written as it should be");
  }
}

bool SnapshotReader::read_record(const SnapshotEntry& entry, const TakeRecord& record) {
  const auto name = take(entry.name_size);
  const auto payload = take(entry.payload_size);
  if (!name || !payload || entry.store >= stores_ || entry.tag >= 64) return false;
  if (entry.number == 0 || entry.number < last_number_ || entry.body_at > entry.payload_size) return false;
  last_number_ = entry.number;
  std::optional<std::string_view> body;
  if (entry.body_at < entry.payload_size) {
    if (entry.body_size > entry.payload_size - entry.body_at) return false;
    body = payload->substr(entry.body_at, entry.body_size);
  } else {
    body = take(entry.body_size);
  }
  if (!body) return false;
  Retained retained{entry.store, *name, {}};
  retained.event.number = entry.number;
  retained.event.tag = entry.tag;
  retained.event.received = WallTime(milliseconds(entry.received_ms));
  retained.event.frame = *payload;
  retained.event.body = *body;
  record(retained);
  return true;
}

bool SnapshotReader::read_floor(const SnapshotEntry& entry, const TakeFloor& floor) {
  const auto name = take(entry.name_size);
  if (!name || entry.store >= stores_) return false;
  Floor read{entry.store, std::nullopt, entry.number};
  if (entry.kind == Kind::channel_floor) read.channel = *name;
  floor(read);
  return true;
}

}  // namespace carillon::history

#include "app/process/history_transfer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "app/process/message_members.h"
#include "json/writer.h"

namespace carillon::app {
namespace {

constexpr std::int64_t kFormat = 1;
constexpr std::size_t kBufferBytes = 256 * 1024;
// A file that became shorter while it is read would end the process that reads it.
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

tl::unexpected<Error> cannot(std::string_view what) {
  return failure(std::string(what) + ": " + std::generic_category().message(errno));
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::string history_message(const gateway::OfferedHistory& offered) {
  std::string message;
  json::ObjectWriter writer(message);
  writer.member("format", kFormat).member("sources", offered.sources);
  writer.member("last", std::to_string(offered.last_event));
  {
    json::ArrayWriter stores = writer.array("endpoints");
    for (const gateway::OfferedHistory::Store& each : offered.stores) {
      json::ObjectWriter store = stores.object();
      store.member("name", each.endpoint).member("source", each.source);
      store.member("gap_floor", std::to_string(each.gap_floor));
    }
  }
  writer.close();
  return message;
}

Result<gateway::OfferedHistory> read_history_message(std::string_view message) {
  const auto parsed = json::parse(message);
  if (!parsed || number_in(*parsed, "format") != kFormat) {
    return failure("the history of the other process has another format");
  }
  const auto sources = text_in(*parsed, "sources");
  const auto last = long_number_in(*parsed, "last");
  const auto stores = parsed->find("endpoints");
  const auto incomplete = failure("what the other process says of its history is incomplete");
  if (!sources || !last || !stores) return incomplete;
  gateway::OfferedHistory offered{*sources, *last, {}, {}};
  for (const json::Value& value : stores->elements()) {
    const auto name = text_in(value, "name");
    const auto source = text_in(value, "source");
    const auto floor = long_number_in(value, "gap_floor");
    if (!name || !source || !floor) return incomplete;
    offered.stores.push_back({*name, *source, *floor});
  }
  return offered;
}

Result<reactor::FileDescriptor> write_history_file(const gateway::OfferedHistory& offered) {
  reactor::FileDescriptor file(::memfd_create("carillon-history", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return cannot("no file of memory for the history");
  std::string buffer;
  const auto sink = [&](std::string_view bytes) {
    buffer += bytes;
    if (buffer.size() < kBufferBytes) return true;
    return write_all(file.get(), std::exchange(buffer, {}));
  };
  if (!history::write_snapshots(offered.snapshots, sink) || !write_all(file.get(), buffer)) {
    return cannot("the history cannot be written");
  }
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return cannot("the history cannot be sealed");
  return file;
}

Result<HistoryFile> HistoryFile::open(const reactor::FileDescriptor& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return cannot("the history cannot be read");
  if (!S_ISREG(status.st_mode) || status.st_size <= 0) return failure("the history is not a file");
  if ((::fcntl(file.get(), F_GET_SEALS) & kSeals) != kSeals) return failure("the history is not sealed");
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (address == MAP_FAILED) return cannot("the history cannot be read");
  return HistoryFile(address, size);
}

HistoryFile::HistoryFile(HistoryFile&& other) noexcept
    : address_(std::exchange(other.address_, nullptr)), size_(std::exchange(other.size_, 0)) {}

HistoryFile::~HistoryFile() {
  if (address_) ::munmap(address_, size_);
}

}  // namespace carillon::app

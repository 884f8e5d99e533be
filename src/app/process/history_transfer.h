// How the history of one process gets into another: what OfferedHistory says of it as JSON, and the events in
// a file of memory, whose descriptor goes with the answer.
//
// Pure but for the file; thread: any.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "gateway/history_handover.h"
#include "reactor/listener.h"

namespace carillon::app {

// Without the snapshots.
std::string history_message(const gateway::OfferedHistory& offered);
// Fails when the message is not one, or has another format.
Result<gateway::OfferedHistory> read_history_message(std::string_view message);

// Writes the snapshots into a file that exists only in memory. Blocks for as long as copying them takes.
Result<reactor::FileDescriptor> write_history_file(const gateway::OfferedHistory& offered);

// HistoryFile: such a file of another process, as bytes.
class HistoryFile {
 public:
  // Fails when it is not a file that can be read, or one that could still change.
  static Result<HistoryFile> open(const reactor::FileDescriptor& file);
  HistoryFile(HistoryFile&& other) noexcept;
  HistoryFile& operator=(HistoryFile&&) = delete;
  ~HistoryFile();

  std::string_view bytes() const { return {static_cast<const char*>(address_), size_}; }

 private:
  HistoryFile(void* address, std::size_t size) : address_(address), size_(size) {}

  void* address_;
  std::size_t size_;
};

}  // namespace carillon::app

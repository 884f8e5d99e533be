// FileWatch: reports when the content of some files may have changed: certificates, keys, secrets.
//
// It watches the folders with inotify, because files are replaced by renaming and, in Kubernetes, by a
// changed symbolic link; and it compares the files' times every kPollEvery, for file systems that report
// nothing. What changes within kQuietFor of the first event is reported once, so that a certificate and its
// key are read together.
//
// Thread: the loop's. At most kFilesMax files; the rest are only read by a reload.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "reactor/listener.h"
#include "reactor/loop.h"

namespace carillon::app {

class FileWatch final : private reactor::IoHandler {
 public:
  static constexpr std::size_t kFilesMax = 256;
  static constexpr seconds kPollEvery{30};
  static constexpr milliseconds kQuietFor{500};

  // `on_change` is called on the loop.
  FileWatch(reactor::Loop& loop, std::function<void()> on_change);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Watches these files from now on, and no others. Their content at this moment is the one that is known.
  void watch(std::vector<std::string> files);

 private:
  // What changes with the content: of the file that a path leads to.
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;  // -1: there is no such file
    std::int64_t modified_ns = 0;
    bool operator==(const Stamp&) const = default;
  };

  void on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) override;
  void look_after(MonoClock::duration delay);
  void look();
  static Stamp stamp_of(const std::string& file);

  reactor::Loop& loop_;
  const std::function<void()> on_change_;
  reactor::FileDescriptor inotify_;  // none: only the poll
  reactor::Loop::HandlerId handler_;
  reactor::Loop::TimerId timer_ = 0;
  MonoTime due_{};                       // of the timer
  std::map<std::string, Stamp> stamps_;  // by file
  std::vector<int> folders_;             // watch descriptors
};

}  // namespace carillon::app

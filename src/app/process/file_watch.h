// FileWatch: reports when the content of some files may have changed: certificates, keys, secrets, and with
// `carillon dev` configurations and profiles.
//
// It watches the folders with inotify, because files are replaced by renaming and, in Kubernetes, by a
// changed symbolic link; and it compares the files' times every `poll`, for file systems that report nothing.
// What changes within `quiet` of the first event is reported once, so that a certificate and its key are read
// together.
//
// Thread: the loop's. At most kFilesMax files; the rest are only read by a reload.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reactor/listener.h"
#include "reactor/loop.h"

namespace carillon::app {

class FileWatch final : private reactor::IoHandler {
 public:
  static constexpr std::size_t kFilesMax = 256;
  // When changes are reported.
  struct Pace {
    milliseconds quiet{500};
    milliseconds poll{30'000};
    // Whether a file must have stayed as it is for `quiet`, and not be empty: an editor may write it in
    // several steps. One that never comes to rest is reported after kRestlessMax looks.
    enum class Report : std::uint8_t { at_once, at_rest } report = Report::at_once;
  };
  static constexpr int kRestlessMax = 20;

  // `on_change` is called on the loop with the files that have changed.
  using OnChange = std::function<void(const std::vector<std::string>& files)>;
  FileWatch(reactor::Loop& loop, OnChange on_change, Pace pace);
  FileWatch(reactor::Loop& loop, OnChange on_change) : FileWatch(loop, std::move(on_change), Pace()) {}
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // What changes with the content: of the file that a path leads to.
  struct Stamp {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = -1;  // -1: there is no such file
    std::int64_t modified_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  using Stamps = std::map<std::string, Stamp>;  // by path
  static Stamps stamps_of(const std::vector<std::string>& files);

  // Watches these files from now on, and no others. A file that was not watched before is reported when it
  // differs from `known`, or without an entry there from what it is now. Returns how many are left out,
  // because there are more than kFilesMax.
  std::size_t watch(std::vector<std::string> files, const Stamps& known = {});
  // The files as they were last reported.
  Stamps reported() const;

 private:
  struct File {
    Stamp reported;
    Stamp seen;
  };

  void on_io(std::uint32_t events, std::uint32_t index, std::uint32_t generation) override;
  void look_after(MonoClock::duration delay);
  void look();
  bool is_at_rest(File& file, const Stamp& now) const;
  static Stamp stamp_of(const std::string& file);

  reactor::Loop& loop_;
  const OnChange on_change_;
  const Pace pace_;
  reactor::FileDescriptor inotify_;  // none: only the poll
  reactor::Loop::HandlerId handler_;
  reactor::Loop::TimerId timer_ = 0;
  MonoTime due_{};                     // of the timer
  std::map<std::string, File> files_;  // by path
  std::vector<int> folders_;           // watch descriptors
  int restless_ = 0;                   // looks in a row at which some file was not at rest
};

}  // namespace carillon::app

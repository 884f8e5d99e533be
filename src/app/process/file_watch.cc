#include "app/process/file_watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <utility>

namespace carillon::app {
namespace {

constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR;

std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : file.substr(0, slash);
}

}  // namespace

FileWatch::FileWatch(reactor::Loop& loop, OnChange on_change, Pace pace)
    : loop_(loop),
      on_change_(std::move(on_change)),
      pace_(pace),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      handler_(loop.add_handler(*this)) {
  if (inotify_ && !loop_.watch(inotify_.get(), EPOLLIN, handler_, 0, 0)) inotify_ = {};
  look_after(pace_.poll);
}

FileWatch::~FileWatch() {
  loop_.cancel(timer_);
  if (inotify_) loop_.unwatch(inotify_.get());
  loop_.remove_handler(handler_);
}

FileWatch::Stamps FileWatch::stamps_of(const std::vector<std::string>& files) {
  Stamps stamps;
  for (const std::string& file : files) stamps.emplace(file, stamp_of(file));
  return stamps;
}

FileWatch::Stamps FileWatch::reported() const {
  Stamps stamps;
  for (const auto& [path, file] : files_) stamps.emplace(path, file.reported);
  return stamps;
}

std::size_t FileWatch::watch(std::vector<std::string> files, const Stamps& known) {
  const std::size_t left_out = files.size() > kFilesMax ? files.size() - kFilesMax : 0;
  files.resize(files.size() - left_out);
  for (const int folder : std::exchange(folders_, {})) ::inotify_rm_watch(inotify_.get(), folder);
  std::set<std::string> folders;
  const std::map<std::string, File> before = std::exchange(files_, {});
  for (std::string& file : files) {
    folders.insert(folder_of(file));
    const Stamp now = stamp_of(file);
    const auto watched = before.find(file);
    const auto earlier = known.find(file);
    const Stamp first = earlier == known.end() ? now : earlier->second;
    const File kept = watched == before.end() ? File{first, first} : watched->second;
    if (now != kept.reported) look_after(pace_.quiet);
    files_.emplace(std::move(file), kept);
  }
  for (const std::string& folder : folders) {
    const int watched = inotify_ ? ::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents) : -1;
    if (watched >= 0) folders_.push_back(watched);
  }
  return left_out;
}

// Which file it was does not matter: look() compares all of them.
void FileWatch::on_io(std::uint32_t, std::uint32_t, std::uint32_t) {
  char events[4096];
  while (::read(inotify_.get(), events, sizeof events) > 0) continue;
  look_after(pace_.quiet);
}

// In a folder where something changes all the time, the first event counts.
void FileWatch::look_after(MonoClock::duration delay) {
  const MonoTime due = loop_.now() + delay;
  if (timer_ != 0 && due_ <= due) return;
  loop_.cancel(timer_);
  due_ = due;
  timer_ = loop_.call_after(delay, [this] { look(); });
}

void FileWatch::look() {
  timer_ = 0;
  look_after(pace_.poll);
  std::vector<std::string> changed;
  bool all_rest = true;
  for (auto& [path, file] : files_) {
    const Stamp now = stamp_of(path);
    // A file that is being replaced has gone for a moment.
    if (now.size < 0 || now == file.reported) continue;
    all_rest &= is_at_rest(file, now);
    changed.push_back(path);
  }
  if (!all_rest && ++restless_ < kRestlessMax) return look_after(pace_.quiet);
  restless_ = 0;
  for (const std::string& path : changed) files_[path].reported = files_[path].seen;
  if (!changed.empty()) on_change_(changed);
}

bool FileWatch::is_at_rest(File& file, const Stamp& now) const {
  const bool is_as_seen = now == std::exchange(file.seen, now);
  return pace_.report == Pace::Report::at_once || (is_as_seen && now.size > 0);
}

FileWatch::Stamp FileWatch::stamp_of(const std::string& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, found.st_size,
          std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
}

}  // namespace carillon::app

#include "app/file_watch.h"

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

FileWatch::FileWatch(reactor::Loop& loop, std::function<void()> on_change)
    : loop_(loop),
      on_change_(std::move(on_change)),
      inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      handler_(loop.add_handler(*this)) {
  if (inotify_ && !loop_.watch(inotify_.get(), EPOLLIN, handler_, 0, 0)) inotify_ = {};
  look_after(kPollEvery);
}

FileWatch::~FileWatch() {
  loop_.cancel(timer_);
  if (inotify_) loop_.unwatch(inotify_.get());
  loop_.remove_handler(handler_);
}

void FileWatch::watch(std::vector<std::string> files) {
  if (files.size() > kFilesMax) files.resize(kFilesMax);
  for (const int folder : std::exchange(folders_, {})) ::inotify_rm_watch(inotify_.get(), folder);
  std::set<std::string> folders;
  stamps_.clear();
  for (std::string& file : files) {
    folders.insert(folder_of(file));
    const Stamp stamp = stamp_of(file);
    stamps_.emplace(std::move(file), stamp);
  }
  for (const std::string& folder : folders) {
    const int watched = inotify_ ? ::inotify_add_watch(inotify_.get(), folder.c_str(), kEvents) : -1;
    if (watched >= 0) folders_.push_back(watched);
  }
}

// Which file it was does not matter: look() compares all of them.
void FileWatch::on_io(std::uint32_t, std::uint32_t, std::uint32_t) {
  char events[4096];
  while (::read(inotify_.get(), events, sizeof events) > 0) continue;
  look_after(kQuietFor);
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
  look_after(kPollEvery);
  bool has_changed = false;
  for (auto& [file, known] : stamps_) {
    const Stamp now = stamp_of(file);
    // A file that is being replaced has gone for a moment.
    if (now.size < 0 || now == known) continue;
    known = now;
    has_changed = true;
  }
  if (has_changed) on_change_();
}

FileWatch::Stamp FileWatch::stamp_of(const std::string& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, found.st_size,
          std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
}

}  // namespace carillon::app

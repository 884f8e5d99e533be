// `carillon takeover`: starts `carillon serve --takeover` as a process of its own, and waits until it serves.
#include "app/process/takeover.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "app/command/verbs.h"
#include "app/config_file.h"
#include "app/terminal.h"
#include "reactor/listener.h"

extern char** environ;

namespace carillon::app {
namespace {

constexpr auto kLook = milliseconds(50);
constexpr auto kPatience = Takeover::kBusPatience + seconds(30);

// The new process replaces the socket when it serves.
ino_t inode_of(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
}

// In a session of its own, so that it outlives this terminal; it logs to this process's standard error. -1:
// it did not start.
pid_t start_successor(const std::string& config_file) {
  std::string words[] = {"carillon", "serve", "--takeover", "--config", config_file};
  char* arguments[] = {words[0].data(), words[1].data(), words[2].data(),
                       words[3].data(), words[4].data(), nullptr};
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  if (::posix_spawn(&pid, "/proc/self/exe", &files, &attributes, arguments, environ) != 0) pid = -1;
  ::posix_spawn_file_actions_destroy(&files);
  ::posix_spawnattr_destroy(&attributes);
  return pid;
}

}  // namespace

int run_takeover(const ControlArguments& arguments) {
  const auto config = load_config_file(arguments.config_file);
  if (!config) return 2;
  const std::string& control = config->loaded.settings.server.control;
  if (control.empty()) return fail(arguments.config_file + ": a takeover needs server.control");
  const ino_t before = inode_of(control);
  const pid_t pid = start_successor(arguments.config_file);
  if (pid < 0) return fail("cannot start the new process");
  const reactor::FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  for (const MonoTime end = mono_now() + kPatience; mono_now() < end;) {
    pollfd ended{process.get(), POLLIN, 0};
    if (::poll(&ended, 1, static_cast<int>(kLook.count())) == 1) {
      ::waitpid(pid, nullptr, 0);
      return fail("the new process has ended; the running one goes on serving");
    }
    const ino_t now = inode_of(control);
    if (now == 0 || now == before) continue;
    std::printf("Process %d serves now; the one before closes its clients and ends.\n",
                static_cast<int>(pid));
    return 0;
  }
  return fail("the new process does not serve yet; its log says why");
}

}  // namespace carillon::app

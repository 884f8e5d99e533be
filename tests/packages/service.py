"""Starts a program in a machine's folder as systemd would, where no systemd runs.

    service.py unit ROOT ExecStart|ExecReload [MAINPID]   a command of the unit carillon.service, as the user that it
                                                          names, with its capabilities and its filter of system calls
    service.py plain ROOT USER FOLDER COMMAND...          any command as USER

Ends by becoming the command.
"""

import ctypes
import os
import pathlib
import re
import resource
import shlex
import subprocess
import sys

import seccomp

UNITS = "usr/lib/systemd/system/carillon.service", "etc/systemd/system/carillon.service"
NET_BIND_SERVICE = 10
CAPABILITIES = 64
# prctl(2)
PR_SET_KEEPCAPS, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_SET_MDWE = 8, 24, 38, 47, 65
PR_CAP_AMBIENT_RAISE = 2
libc = ctypes.CDLL(None, use_errno=True)


def prctl(option, *arguments):
    """Calls prctl(2) and returns whether the kernel did it."""
    return libc.prctl(option, *[ctypes.c_ulong(each) for each in (*arguments, 0, 0, 0, 0)[:4]]) == 0


def read_unit(path):
    """(key, value) of each line of the unit."""
    text = path.read_text().replace("\\\n", " ")
    return [tuple(line.split("=", 1)) for line in text.splitlines() if re.match(r"[A-Z]\w*=", line)]


def filtered_calls(words):
    """The names of the system calls of groups (@name) and calls."""
    calls = set()
    for word in words:
        if not word.startswith("@"):
            calls.add(word)
            continue
        listing = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", word], capture_output=True,
                                 text=True, check=True).stdout
        # Each line is a call, another group, or the group's description.
        calls |= filtered_calls(re.findall(r"^    (@?[a-z][\w-]*)$", listing, re.MULTILINE))
    return calls


def make_filter(unit):
    """The SystemCallFilter= of the unit: everything else fails with EPERM."""
    allowed = set()
    for key, value in unit:
        if key == "SystemCallFilter" and value.startswith("~"):
            allowed -= filtered_calls(value[1:].split()) - filtered_calls(["@default"])
        elif key == "SystemCallFilter":
            allowed |= filtered_calls(value.split())
    rules = seccomp.SyscallFilter(defaction=seccomp.ERRNO(1))
    for name in allowed:
        try:
            rules.add_rule(seccomp.ALLOW, name)
        except RuntimeError:
            pass  # a system call of another architecture
    return rules


def find_user(name):
    """(uid, gid) of a user of the machine; the user database of Python would need its libraries."""
    line = re.search(rf"^{name}:[^:]*:(\d+):(\d+):", pathlib.Path("/etc/passwd").read_text(), re.MULTILINE)
    return int(line.group(1)), int(line.group(2))


def make_runtime_folder(path, user):
    os.makedirs(path, exist_ok=True)
    os.chown(path, *find_user(user))


def read_variables(path):
    """The lines NAME=VALUE of a file; of no file, none."""
    if not os.path.exists(path):
        return {}
    return dict(line.split("=", 1) for line in pathlib.Path(path).read_text().splitlines())


def become(user, has_capability):
    """Gives up root for `user` of the machine, and every capability but that of low ports."""
    uid, gid = find_user(user)
    for capability in range(CAPABILITIES):
        if capability != NET_BIND_SERVICE:
            prctl(PR_CAPBSET_DROP, capability)
    prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([gid])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    mask = 1 << NET_BIND_SERVICE if has_capability else 0
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    if libc.capset(header, (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    if has_capability and not prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, NET_BIND_SERVICE):
        raise OSError(ctypes.get_errno(), "the ambient capability")
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def run_unit(root, which, main_pid="0"):
    unit = read_unit(next(path for path in (pathlib.Path(root, name) for name in UNITS) if path.exists()))
    setting = dict(unit)
    rules = make_filter(unit)
    command = [word.replace("$MAINPID", main_pid).replace("$$", "$") for word in shlex.split(setting[which])]
    # A container may not raise its own limit.
    files = min(int(setting["LimitNOFILE"]), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    os.chroot(root)
    os.chdir("/")
    make_runtime_folder(f"/run/{setting['RuntimeDirectory']}", setting["User"])
    variables = read_variables(setting["EnvironmentFile"].removeprefix("-"))
    os.umask(int(setting["UMask"], 8))
    become(setting["User"], has_capability=True)
    if not prctl(PR_SET_MDWE, 1):
        print("service.py: this kernel has no PR_SET_MDWE (6.3)", file=sys.stderr)
    rules.load()
    os.execve(command[0], command, {"PATH": "/usr/bin:/bin", "MAINPID": main_pid, **variables})


def run_plain(root, user, folder, *command):
    os.chroot(root)
    os.chdir(folder)
    become(user, has_capability=False)
    os.execvpe(command[0], command, os.environ)


if __name__ == "__main__":
    {"unit": run_unit, "plain": run_plain}[sys.argv[1]](*sys.argv[2:])

"""Processes that are started for a row: pinned to a core, gone when its block is left, looked at from outside."""

import contextlib
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import threading
import time

STEP_S_MAX = 60
CHILD_S_MAX = 900


class Failure(Exception):
    """The row could not be measured although it should have been."""


class Skipped(Exception):
    """The row cannot be measured here; the text is the reason."""


def on_cores(cores):
    """For preexec_fn: the child stays on this core, or these, and may open as many files as there can be."""
    def prepare():
        os.sched_setaffinity(0, {cores} if isinstance(cores, int) else set(cores))
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return prepare


@contextlib.contextmanager
def child(command, cores, **options):
    """Asked to end when the block is left, and killed when it does not within 5 s."""
    process = subprocess.Popen([str(word) for word in command], text=True, preexec_fn=on_cores(cores), **options)
    watchdog = threading.Timer(CHILD_S_MAX, process.kill)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        end(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def output_of(command, timeout_s=CHILD_S_MAX, **options):
    """What a command prints. Failure with its last words when it does not end well."""
    try:
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=timeout_s, check=False, **options)
    except FileNotFoundError as error:
        raise Failure(f"{command[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{command[0]} did not end within {timeout_s:.0f} s") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise Failure(f"{pathlib.Path(str(command[0])).name} ended with {done.returncode}: {' / '.join(words)}")
    return done.stdout


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def wait_until(condition, what, timeout_s=STEP_S_MAX, every_s=0.05):
    """What the condition returned when it was true at last."""
    pause = threading.Event()
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {timeout_s:.0f} s")
        pause.wait(every_s)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def takes_connections(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def family(pid):
    """The process and its descendants: some servers work in children."""
    found, waiting = [], [pid]
    while waiting:
        one = waiting.pop()
        found.append(one)
        for listing in pathlib.Path(f"/proc/{one}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                waiting += [int(word) for word in listing.read_text().split()]
    return found


def cpu_ns(pid):
    """CPU time of a process and its descendants, all threads, to the nanosecond where it sleeps."""
    total = 0
    for one in family(pid):
        for thread in pathlib.Path(f"/proc/{one}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(thread.read_text().split()[0])
    return total


def resident_bytes(pid):
    total = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f"/proc/{one}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1]) * 1024
    return total


def settled(measure, what, tolerance=0, times=1, every_s=0.005):
    """A value once it has stood still so many times in a row."""
    seen = [measure()]

    def still():
        seen.append(measure())
        return len(seen) > times and max(seen[-times - 1:]) - min(seen[-times - 1:]) <= tolerance
    wait_until(still, what, every_s=every_s)
    return seen[-1]


def settled_resident_bytes(pid):
    """Once it has stood still for a second: what handshakes took is freed by then, or never is."""
    return settled(lambda: resident_bytes(pid), "the server's memory coming to rest", times=4, every_s=0.25)


def usable_files():
    """Of the whole system, not yet open."""
    opened, _, most = pathlib.Path("/proc/sys/fs/file-nr").read_text().split()
    return int(most) - int(opened)


def socket_memory():
    """{"mem_bytes", "orphan", "inuse"} of TCP, of the whole machine (/proc/net/sockstat)."""
    for line in pathlib.Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            words = line.split()[1:]
            values = dict(zip(words[::2], map(int, words[1::2])))
            return {"mem_bytes": values["mem"] * os.sysconf("SC_PAGE_SIZE"), "orphan": values["orphan"],
                    "inuse": values["inuse"]}
    raise Failure("/proc/net/sockstat has no line for TCP")

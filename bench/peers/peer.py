"""Peer: a server of the comparison, and what all of them have in common."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import subprocess
from collections.abc import Callable

from harness.processes import Failure, Skipped, child, output_of, takes_connections, wait_until

INSTALL_S_MAX = 1200
PATH_OF_SERVERS = "/usr/sbin:/usr/local/sbin"  # not in every user's PATH

# The data that `carillon bench` sends by default contains this once: for servers that put
# several events into a frame.
MARKER = 'marker:"pad":'


@dataclasses.dataclass(frozen=True)
class Running:
    pid: int
    options: tuple  # of `carillon bench`: where to connect, publish, and how to count
    environment: dict = dataclasses.field(default_factory=dict)  # and what it needs to know besides


@dataclasses.dataclass(frozen=True)
class Installed:
    version: str
    program: pathlib.Path


@dataclasses.dataclass(frozen=True)
class Peer:
    """`install(bench)` is called once and may raise Skipped; `started(bench, installed)` is a context in which it
    runs, alone on the server's core."""

    name: str
    title: str
    setup: str  # for the page: what was set, and why that is fair
    install: Callable
    started: Callable


@contextlib.contextmanager
def server(bench, name, command, port, **options):
    """A process that listens on the port, with its output in a file."""
    log = bench.scratch / f"{name}.log"
    with log.open("w") as output, child(command, bench.server_core, stdout=output, stderr=output, **options) as process:
        def listens():
            if process.poll() is not None:
                raise Failure(f"{name} ended: {last_words(log)}")
            return takes_connections(port)
        wait_until(listens, f"{name} on port {port}")
        yield process


def last_words(log):
    return " / ".join(log.read_text(errors="replace").strip().splitlines()[-3:])


def needed(program):
    """Where it is, or Skipped."""
    path = shutil.which(program, path=f"{PATH_OF_SERVERS}:{os.environ.get('PATH', '')}")
    if path is None:
        raise Skipped(f"{program} is not installed here")
    return pathlib.Path(path)


def install_with(command, **options):
    """A package client at work: when it cannot, the peer is skipped with its words."""
    try:
        return output_of(["nice", *command], timeout_s=INSTALL_S_MAX, **options)
    except Failure as failure:
        raise Skipped(f"it cannot be installed: {failure}") from failure


def first_line(command):
    """Of a program's version, wherever it writes it."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=30, check=False)
    return done.stdout.strip().partition("\n")[0]

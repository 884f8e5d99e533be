"""uWebSockets through socketify (PyPI), whose library holds its C++ core, under a server of a few lines of Python."""

import contextlib
import pathlib
import shutil

from harness.processes import free_port, output_of

from .peer import Installed, Peer, Running, install_with, needed, server

SOURCES = pathlib.Path(__file__).parent / "uwebsockets"
PYTHON = "/usr/bin/python3"  # Debian's: the pinned wheels are for its version


def install(bench):
    folder = bench.build / "peers" / "uwebsockets"
    pinned = (SOURCES / "requirements.txt").read_text()
    done = folder / "installed.txt"
    python = folder / "bin" / "python"
    if not done.exists() or done.read_text() != pinned:
        bench.log("installing socketify into a virtual environment")
        shutil.rmtree(folder, ignore_errors=True)
        install_with([needed(PYTHON), "-m", "venv", folder])
        install_with([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", "--require-hashes",
                      "-r", SOURCES / "requirements.txt"])
        done.write_text(pinned)
    version = output_of([python, "-c", "import importlib.metadata, socketify; print(importlib.metadata.version('socketify'))"])
    return Installed(f"socketify {version.strip()}", python)


@contextlib.contextmanager
def started(bench, installed):
    port = free_port()
    with server(bench, "uwebsockets", [installed.program, SOURCES / "server.py", port], port) as process:
        address = f"127.0.0.1:{port}"
        yield Running(process.pid, ("--url", f"ws://{address}/", "--channel", "bench", "--publish", f"http://{address}/",
                                    "--publish-body", "$data"))


PEER = Peer("uwebsockets", "uWebSockets",
            "Its C++ core, as the Python package socketify ships it. Clients subscribe to a topic of its own publish/subscribe, "
            "to which the handler of the POST publishes; no other Python runs. The loop is libuv's, without the asyncio that "
            "socketify would put around it, which polls without pause. No compression; up to 16 MiB may wait for a client "
            "(it drops what is beyond 64 KiB by default).", install, started)

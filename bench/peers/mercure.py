"""Mercure's stand-alone hub, built of its Go module, over Server-Sent Events."""

import contextlib
import pathlib
import secrets

from harness.processes import free_port
from harness.tokens import hs256

from . import golang
from .peer import MARKER, Peer, Running, server

VERSION = "v0.20.0"
PACKAGE = "github.com/dunglas/mercure/cmd/mercure"
MODULE = pathlib.Path(__file__).parent / "mercure"  # pins the version, and those of all that it needs
HUB = "/.well-known/mercure"


def install(bench):
    return golang.install(bench, "mercure", PACKAGE, VERSION, folder=MODULE)


@contextlib.contextmanager
def started(bench, installed):
    port, key = free_port(), secrets.token_hex(32)
    address = f"127.0.0.1:{port}"
    command = [installed.program, "--addr", address, "--allow-anonymous", "--jwt-key", key, "--transport-url", "local://local",
               "--write-timeout", "0s"]
    token = hs256({"mercure": {"publish": ["*"]}}, key)
    with server(bench, "mercure", command, port, cwd=bench.scratch) as process:
        yield Running(process.pid, (
            "--transport", "sse", "--url", f"http://{address}{HUB}?topic=bench", "--count", MARKER, "--channel", "bench",
            "--publish", f"http://{address}{HUB}", "--publish-header", f"Authorization: Bearer {token}",
            "--publish-header", "Content-Type: application/x-www-form-urlencoded",
            "--publish-body", "topic=$channel&data=$data"))


PEER = Peer("mercure", "Mercure",
            "The stand-alone hub over HTTP/1.1, with the transport that keeps no history on disk; anonymous subscribers; no "
            "end of streams after a time.", install, started)

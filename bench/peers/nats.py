"""nats-server (Debian) with its WebSocket listener. Clients speak the NATS protocol in binary messages."""

import contextlib

from harness.processes import free_port

from . import debian
from .peer import MARKER, Installed, Peer, Running, first_line, server

PROGRAM = "usr/sbin/nats-server"

CONFIGURATION = """
listen: "127.0.0.1:{port}"
ping_interval: "10m"
websocket {{
  listen: "127.0.0.1:{websocket_port}"
  no_tls: true
  compression: false
}}
"""


def install(bench):
    root = debian.root_of(bench, ["nats-server"], [PROGRAM])
    return Installed(first_line([root / PROGRAM, "--version"]).rpartition(" ")[2].lstrip("v"), root / PROGRAM)


@contextlib.contextmanager
def started(bench, installed):
    port, websocket_port = free_port(), free_port()
    file = bench.scratch / "nats.conf"
    file.write_text(CONFIGURATION.format(port=port, websocket_port=websocket_port))
    with server(bench, "nats", [installed.program, "-c", file], websocket_port) as process:
        yield Running(process.pid, (
            "--url", f"ws://127.0.0.1:{websocket_port}/", "--binary",
            "--hello", r'CONNECT {"verbose":false,"pedantic":false,"lang":"carillon","version":"1"}\r\n',
            "--hello", r"SUB bench 1\r\n", "--answer", r"PING\r\n=PONG\r\n", "--count", MARKER,
            "--publish", f"nats://127.0.0.1:{port}", "--channel", "bench"))


PEER = Peer("nats", "nats-server",
            "Its defaults, without TLS and compression, its own pings every 10 minutes. It packs the events that wait for a client into one frame. Published "
            "over NATS's own protocol, with a PING after each event as its acknowledgement.", install, started)

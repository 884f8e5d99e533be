"""Centrifugo, built of its Go module, over its unidirectional WebSocket."""

import contextlib
import json
import secrets

from harness.processes import free_port

from . import golang
from .peer import MARKER, Peer, Running, server

VERSION = "v6.9.1"
PACKAGE = "github.com/centrifugal/centrifugo/v6"


def install(bench):
    return golang.install(bench, "centrifugo", PACKAGE, VERSION)


def configuration(port, key):
    return {
        "http_server": {"address": "127.0.0.1", "port": port},
        "http_api": {"key": key},
        "log": {"level": "error"},
        "client": {"insecure": True},
        "channel": {"without_namespace": {"allow_subscribe_for_client": True}},
        "uni_websocket": {"enabled": True, "join_push_messages": True, "use_write_buffer_pool": True},
    }


@contextlib.contextmanager
def started(bench, installed):
    port, key = free_port(), secrets.token_hex(16)
    file = bench.scratch / "centrifugo.json"
    file.write_text(json.dumps(configuration(port, key)))
    with server(bench, "centrifugo", [installed.program, "--config", file], port) as process:
        yield Running(process.pid, (
            "--url", f"ws://127.0.0.1:{port}/connection/uni_websocket", "--hello", '{"subs":{"bench":{}}}',
            "--answer", "{}=", "--count", MARKER, "--channel", "bench", "--publish", f"http://127.0.0.1:{port}/api/publish",
            "--publish-header", f"X-API-Key: {key}", "--publish-body", '{"channel":"$channel","data":$data}'))


PEER = Peer("centrifugo", "Centrifugo",
            "uni_websocket with join_push_messages and use_write_buffer_pool, which save it system calls and memory; "
            "clients without tokens; only errors are logged. Delays that trade latency for larger batches are of its "
            "paid edition.", install, started)

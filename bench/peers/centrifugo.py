"""Centrifugo, built of its Go module, over its unidirectional WebSocket; with a history, over the bidirectional one."""

import contextlib
import http.client
import json
import secrets

from harness.processes import Failure, free_port

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


def configuration_with_history(port, key):
    """In memory, as is its default. Clients may ask for what they missed on any channel."""
    text = configuration(port, key)
    text["channel"]["without_namespace"] |= {"history_size": 1000, "history_ttl": "5m", "force_recovery": True}
    text["websocket"] = {"use_write_buffer_pool": True}
    return text


@contextlib.contextmanager
def recovering(bench, installed):
    """With a history: (pid, port, a function that publishes [(channel, data)] in order)."""
    port, key = free_port(), secrets.token_hex(16)
    file = bench.scratch / "centrifugo-history.json"
    file.write_text(json.dumps(configuration_with_history(port, key)))
    with server(bench, "centrifugo", [installed.program, "--config", file], port) as process:
        api = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

        def publish(events):
            commands = [{"publish": {"channel": channel, "data": data}} for channel, data in events]
            api.request("POST", "/api/batch", json.dumps({"commands": commands}, separators=(",", ":")), {"X-API-Key": key})
            answer = api.getresponse()
            text = answer.read()
            if answer.status != 200 or b'"error"' in text:
                raise Failure(f"publish was answered {answer.status}: {text[:200]!r}")
        yield process.pid, port, publish


PEER = Peer("centrifugo", "Centrifugo",
            "uni_websocket with join_push_messages and use_write_buffer_pool, which save it system calls and memory; "
            "clients without tokens; only errors are logged. Delays that trade latency for larger batches are of its "
            "paid edition.", install, started)

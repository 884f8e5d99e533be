"""Carillon itself, as it is when nothing is set, measured like the others."""

import contextlib

from harness import gateway
from harness.processes import output_of

from .peer import Installed, Peer, Running


def install(bench):
    return Installed(output_of([bench.carillon, "--version"]).split()[-1], bench.carillon)


@contextlib.contextmanager
def started(bench, _):
    text = gateway.configuration(gateway.ORION)
    with gateway.gateway(bench, text) as running:
        address = f"127.0.0.1:{running.port}"
        key = running.environment["CARILLON_API_KEY"]
        yield Running(running.pid, (
            "--url", f"ws://{address}/ws", "--channel", "orion.bench", "--publish", f"http://{address}/v1/publish",
            "--publish-header", f"Authorization: Bearer {key}", "--publish-body", '{"channel":"$channel","data":$data}'),
            running.environment)


PEER = Peer("carillon", "Carillon",
            "The profile orion: every connection has a verified token. One shard. An event a request, as the others are "
            "asked, although its API takes several.", install, started)

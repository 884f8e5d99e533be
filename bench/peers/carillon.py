"""Carillon itself, as it is when nothing is set, measured like the others."""

import contextlib

from harness import gateway
from harness.processes import output_of

from .peer import Installed, Peer, Running


def install(bench):
    return Installed(output_of([bench.carillon, "--version"]).split()[-1], bench.carillon)


@contextlib.contextmanager
def started(bench, _):
    text = gateway.configuration('profile = "orion"\n')
    with gateway.gateway(bench, text) as running:
        address = f"127.0.0.1:{running.port}"
        yield Running(running.pid, ("--url", f"ws://{address}/ws", "--channel", "orion.bench",
                                    "--publish", f"http://{address}/v1/publish"), running.environment)


PEER = Peer("carillon", "Carillon",
            "The profile orion: every connection has a verified token. One shard. Its publisher puts several events into a "
            "request when it is late, as its API takes them; the others get an event a request, of which 16 wait at a time "
            "(1,024 with NATS); more that waited brought none of them more in the runs in which it was tried.",
            install, started)

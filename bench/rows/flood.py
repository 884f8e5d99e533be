"""What well-behaved clients notice when others flood the gateway with the messages that cost it most."""

import contextlib
import dataclasses
import http.client
import json
import os
import statistics
import subprocess
import threading
import time

from harness.gateway import ORION, PLAIN, SERVICE, configuration, gateway, orion_load, second_orion, tls_address
from harness.processes import Failure, child, output_of, wait_until

from .row import Figure, Row, at_most

CLIENTS, FLOODERS = 1_000, 300
EVENTS_PER_S, EVENT_BYTES = 50, 256
READY_MS_MAX = 100
P99_TIMES_MAX, P99_MS_ALWAYS_GOOD = 2, 20
PROBE_EVERY_S = 0.05
PROBE_S_MAX = 5
LOAD_S_MAX = 30
ORION_PATH, SERVICE_PATH = "/other", "/api/ws"  # of second_orion(): its clients get no events


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str  # of flooder's --kind
    words: str
    path: str = ORION_PATH
    tls: bool = False


KINDS = (Kind("pings", "pings"), Kind("pongs", "pongs"), Kind("empty-text", "empty text messages"),
         Kind("big-text", "64 KiB text messages", SERVICE_PATH),
         Kind("subscriptions", "subscribe and unsubscribe", SERVICE_PATH), Kind("fragments", "1-byte fragments"),
         Kind("requests", "pipelined GET /health"), Kind("client-hellos", "TLS ClientHellos", tls=True))


def measure(bench):
    """The baseline comes first and last: the machine may have changed in between."""
    runs = [run(bench, None)]
    floods = []
    for kind in KINDS:
        floods.append({"name": kind.name, "words": kind.words, **run(bench, kind)})
    runs.append(run(bench, None))
    return {"without": runs, "floods": floods}


def run(bench, kind):
    """A flood under which nothing can be measured is a result too; the other kinds are still measured."""
    bench.log(f"{CLIENTS} clients and {FLOODERS} flooders: {kind.words}" if kind else f"{CLIENTS} clients alone")
    text = configuration(ORION, second_orion(), SERVICE, listen=(PLAIN, tls_address(bench)))
    with gateway(bench, text) as server:
        with flooders(bench, server, kind) if kind else contextlib.nullcontext(lambda: {}) as flooded:
            with ready_probe(bench, server.port) as ready_ms:
                try:
                    load = orion_load(bench, server, "--clients", CLIENTS, "--bytes", EVENT_BYTES, "--rate", EVENTS_PER_S,
                                      "--duration", bench.pick("5s", "2s"), timeout_s=LOAD_S_MAX)
                    seen = {"load": load}
                except Failure as failure:
                    seen = {"failed": str(failure)}
            return {**seen, "ready_ms": ready_ms, "flood": flooded()}


@contextlib.contextmanager
def flooders(bench, server, kind):
    """They flood when the block begins; the function ends them, and returns what they have counted."""
    token = output_of([bench.carillon, "token"], env=server.environment).strip()
    command = [bench.build / "flooder", "--kind", kind.name, "--port", server.ports[1 if kind.tls else 0], "--path", kind.path,
               "--clients", FLOODERS, "--core", bench.generator_core]
    with child(command, bench.generator_core, env={**os.environ, "CARILLON_TOKEN": token}, stdin=subprocess.PIPE,
               stdout=subprocess.PIPE) as process:
        begun = process.stdout.readline()
        if not begun:
            raise Failure("flooder has ended")
        since = time.monotonic()

        def stop():
            seconds = time.monotonic() - since
            process.stdin.close()
            return {**json.loads(process.stdout.readline()), "seconds": seconds, "flooding": json.loads(begun)["flooding"]}
        yield stop


@contextlib.contextmanager
def ready_probe(bench, port):
    """A list of how many milliseconds each GET /ready took, over a connection of its own, until the block is left."""
    found, stop = [], threading.Event()

    def probe():
        os.sched_setaffinity(0, {bench.generator_core})  # of this thread only
        while not stop.wait(PROBE_EVERY_S):
            found.append(milliseconds_of_ready(port))
    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    try:
        wait_until(lambda: found, "the first answer of /ready")
        yield found
    finally:
        stop.set()
        thread.join(PROBE_S_MAX + 1)


def milliseconds_of_ready(port):
    """The time limit where there was no good answer."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PROBE_S_MAX)
    try:
        connection.request("GET", "/ready")
        good = connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        good = False
    finally:
        connection.close()
    return (time.monotonic() - begun) * 1000 if good else PROBE_S_MAX * 1000.0


def figures(seen):
    alone = statistics.median(each["load"]["latency_us"]["p99"] for each in seen["without"]) / 1000
    ready = max(max(each["ready_ms"]) for each in seen["without"])
    most = max(P99_TIMES_MAX * alone, P99_MS_ALWAYS_GOOD)
    yield Figure(f"{CLIENTS:,} clients alone: p99", alone, "ms", None, None, f"the slowest /ready: {ready:.1f} ms")
    for each in seen["floods"]:
        name = f"with {FLOODERS} × {each['words']}"
        if "failed" in each:
            yield Figure(f"{name}: could not be measured", 1, "", at_most(0), None, each["failed"])
        else:
            load = each["load"]
            lost = load["lost"] + load["undelivered"] + load["dropped"] + load["refused"]
            yield Figure(f"{name}: p99", load["latency_us"]["p99"] / 1000, "ms", at_most(most), None, flood_note(each["flood"]))
            yield Figure(f"{name}: lost, or clients closed or refused", lost, "", at_most(0))
        yield Figure(f"{name}: the slowest /ready", max(each["ready_ms"]), "ms", at_most(READY_MS_MAX), None,
                     f"of {len(each['ready_ms'])}; median {statistics.median(each['ready_ms']):.1f} ms")


def flood_note(flood):
    rate = flood["units"] / flood["seconds"]
    return f"{rate:,.0f} a second were sent; closed {flood['closed']:,} times, refused {flood['refused']:,} times"


FLOOD = Row(
    "flood", "Clients that flood",
    f"{CLIENTS:,} clients of the orion protocol that receive {EVENTS_PER_S} events/s of {EVENT_BYTES} bytes through the publish "
    f"API, while {FLOODERS} others send one kind of message as fast as the gateway reads it, each from an address of its "
    "own; a flooder that is closed reconnects after a second. The flooders are clients of the orion protocol on an endpoint without "
    "events; those of 64 KiB messages (each a valid `ping` command) and of subscribe and unsubscribe are of the service protocol, and the ClientHellos are one "
    "handshake replayed over and over, each on a new connection that is reset when the server has answered. Neither protocol "
    "limits a client's rate of text messages (`inbound.rate` is off in both), so no client is closed for those: the row measures "
    "how fairly the gateway shares its time. `GET /ready` is requested every 50 ms over a new connection, from before the "
    "clients connect. The flooders run only when no other process needs their core (SCHED_IDLE).",
    measure, figures)

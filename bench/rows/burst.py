"""How long a burst of events takes until every client has received all of it, and whether any client is closed."""

import contextlib
import dataclasses
import json
import os
import statistics
import subprocess

from harness.figures import spread_of
from harness.gateway import ORION, configuration, gateway, redis
from harness.processes import Failure, child, free_port, output_of

from .row import Figure, Row, at_most

CHANNEL = "orion.bench"
EVENT_BYTES = 4_096
BURST_S = 1  # the publisher's timetable
MBIT_PER_S = 20
RECEIVE_BUFFER_BYTES = 64 * 1024
# Redis and its publisher share the core with the clients, and must not be late because of them.
GIVE_WAY = ("nice", "-n", "10")


@dataclasses.dataclass(frozen=True)
class Load:
    name: str
    mebibytes: int
    clients: int
    mbit_per_s: int = 0  # of each client; 0: it reads as fast as it can

    def events(self, quick):
        return self.mebibytes * 1024 ** 2 // EVENT_BYTES // (4 if quick else 1)


LOADS = (Load("64 MiB within 1 s to 100 clients", 64, 100), Load("8 MiB within 1 s to 1,000 clients", 8, 1_000),
         Load(f"16 MiB within 1 s to 100 clients at {MBIT_PER_S} Mbit/s", 16, 100, MBIT_PER_S))


def measure(bench):
    rounds = bench.pick(2, 1)
    return {"loads": [{"name": each.name, "clients": each.clients, "events": each.events(bench.quick),
                       "runs": [run(bench, each) for _ in range(rounds)]} for each in LOADS]}


@contextlib.contextmanager
def readers(bench, server, load):
    """Clients that are open and wait: a function to call with the number of events that each should receive."""
    token = output_of([bench.carillon, "token"], env=server.environment).strip()
    command = [*GIVE_WAY, bench.build / "burst_readers", "--port", server.port, "--clients", load.clients, "--core",
               bench.generator_core]
    if load.mbit_per_s:
        command += ["--mbit-per-s", load.mbit_per_s, "--receive-buffer", RECEIVE_BUFFER_BYTES]
    with child(command, bench.generator_core, env={**os.environ, "CARILLON_TOKEN": token}, stdin=subprocess.PIPE,
               stdout=subprocess.PIPE) as process:
        def read_line():
            line = process.stdout.readline()
            if not line:
                raise Failure("burst_readers has ended")
            return json.loads(line)

        def expect(events):
            process.stdin.write(f"{events}\n")
            process.stdin.flush()
        read_line()
        yield expect, read_line


def run(bench, load):
    """Each burst meets a gateway that has just been started, and connections that have carried nothing."""
    bench.log(load.name)
    port = free_port()
    events = load.events(bench.quick)
    text = configuration(ORION, bus=f"redis://127.0.0.1:{port}")
    with redis(bench, port), gateway(bench, text) as server, readers(bench, server, load) as (expect, outcome):
        expect(events)
        published = json.loads(output_of([
            bench.build / "redis_flood", "--redis", port, "--channel", CHANNEL, "--events", events, "--bytes", EVENT_BYTES,
            "--rate", events / BURST_S, "--core", bench.generator_core]))
        seen = outcome()
    return {"published_s": published["wall_ns"] / 1e9, "last_s": after(published, seen["last_ns"]),
            "first_s": after(published, seen["first_ns"]), **seen}


def after(published, at_ns):
    """Since the first event was published; None where no client had everything."""
    return (at_ns - published["begin_ns"]) / 1e9 if at_ns else None


def figures(seen):
    for each in seen["loads"]:
        runs = each["runs"]
        name, expected = each["name"], each["clients"] * each["events"]
        closed = [run["closed"] for run in runs]
        reasons = {run["first_close"] for run in runs if run["first_close"]}
        yield Figure(f"{name}: closed", max(closed), "", at_most(0), None, ", ".join(sorted(reasons)))
        lost = [expected - run["received"] for run in runs]
        yield Figure(f"{name}: lost", max(lost), "", at_most(0), None,
                     f"of {expected:,}" if max(lost) else "")
        complete = [run["last_s"] for run in runs if run["complete"] == each["clients"]]
        if complete:
            published = statistics.median(run["published_s"] for run in runs)
            yield Figure(f"{name}: until every client has everything", statistics.median(complete), "s", None,
                         spread_of(complete), f"published within {published:.2f} s; the first client had everything after "
                                              f"{statistics.median(run['first_s'] for run in runs):.2f} s")


BURST = Row(
    "burst", "A burst",
    f"Events of {EVENT_BYTES:,} bytes, published through Redis within {BURST_S} s, to clients of the orion protocol with its "
    f"defaults; from the first PUBLISH until the last client has received the last event. The clients at {MBIT_PER_S} Mbit/s "
    f"have a receive buffer (SO_RCVBUF) of {RECEIVE_BUFFER_BYTES // 1024} KiB and read what a link of that rate carries; the "
    "others read as fast as they can. Redis, its publisher and all clients share a core; the clients have a lower priority "
    "(nice 10), so that the burst is published in time.",
    measure, figures)

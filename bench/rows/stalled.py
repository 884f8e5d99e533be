"""Clients that never read: what they cost, and what the others notice."""

import os
import statistics
import subprocess
import threading

from harness.figures import spread_of
from harness.gateway import ORION, configuration, gateway, load_command, load_result
from harness.processes import Failure, child, resident_bytes, socket_memory

from .row import Figure, Row, at_most

HEALTHY, STALLED = 1_000, 1_000
EVENTS_PER_S, EVENT_BYTES = 50, 2_048
# What a log keeps for clients that do not read, by default, until they are closed: lag.bytes_max, and what arrives within
# lag.grace after that (docs/decisions/0007-when-a-client-is-slow.md).
GRACE_S = 3
LOG_WINDOW_MIB = 1 + GRACE_S * EVENTS_PER_S * EVENT_BYTES / 1024 ** 2
LOOK_EVERY_S = 0.1


def measure(bench):
    rounds = bench.pick(4, 1)
    runs = {"with": [], "without": []}
    for number in range(rounds):
        order = (("with", STALLED), ("without", 0))
        for name, stalled in order if number % 2 == 0 else reversed(order):
            bench.log(f"{HEALTHY} clients that read and {stalled} that do not")
            runs[name].append(run(bench, stalled))
    return runs


def run(bench, stalled):
    """Long enough for the window to close them, and for the kernel to free what they held."""
    with gateway(bench, configuration(ORION)) as server:
        command = load_command(
            bench, "--url", f"ws://127.0.0.1:{server.port}/ws", "--publish", f"http://127.0.0.1:{server.port}/v1/publish",
            "--channel", "orion.bench", "--clients", HEALTHY + stalled, "--stall", stalled, "--rate", EVENTS_PER_S,
            "--bytes", EVENT_BYTES, "--duration", bench.pick("22s", "18s"), "--server-pid", server.pid)
        before = socket_memory()
        with child(command, bench.generator_core, env={**os.environ, **server.environment}, stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE) as process:
            peaks = watch(process, server.pid)
            process.stdout, output = None, process.stdout.read()
        seen = load_result(subprocess.CompletedProcess(command, process.returncode, output, ""))
        return {"load": seen, **peaks, "tcp_before": before["mem_bytes"], "orphans_before": before["orphan"]}


def watch(process, pid):
    """The maxima during the run, and the orphaned sockets just before its end."""
    pause = threading.Event()
    resident, tcp, orphans = [], [], 0
    while process.poll() is None:
        resident.append(resident_bytes(pid))
        memory = socket_memory()
        tcp.append(memory["mem_bytes"])
        orphans = memory["orphan"]
        pause.wait(LOOK_EVERY_S)
    if not resident:
        raise Failure("carillon bench ended at once")
    return {"resident_max": max(resident), "tcp_max": max(tcp), "orphans_last": orphans}


def grown(run):
    return run["resident_max"] - run["load"]["server"]["rss_connected"]


def figures(seen):
    with_, without = seen["with"], seen["without"]
    rss = [(grown(one) - grown(other)) / 1024 ** 2 for one, other in zip(with_, without)]
    yield Figure("growth of the resident memory", statistics.median(rss), "MiB", at_most(LOG_WINDOW_MIB),
                 spread_of(rss), f"over all connections idle, minus the same without stalled clients. It consists of what the "
                                 f"log keeps for all of them together ({LOG_WINDOW_MIB:.2f} MiB by its limits: lag.bytes_max, "
                                 "and what arrives within lag.grace), the records of these events, the unused ends of "
                                 "their blocks, and per client the rest of a half-sent frame")
    tcp = [(one["tcp_max"] - other["tcp_max"]) / 1024 / STALLED for one, other in zip(with_, without)]
    yield Figure("kernel TCP memory per stalled connection, both ends", statistics.median(tcp), "KiB", at_most(256),
                 spread_of(tcp), "the most that /proc/net/sockstat showed")
    left = max(one["load"]["stalled"] for one in with_)
    yield Figure("stalled connections still open at the end", left, "", at_most(0))
    orphans = max(one["orphans_last"] - one["orphans_before"] for one in with_)
    yield Figure("orphaned sockets at the end", orphans, "", at_most(0))
    ratios = [one["load"]["latency_us"]["p99"] / other["load"]["latency_us"]["p99"] for one, other in zip(with_, without)]
    p99 = [statistics.median(one["load"]["latency_us"]["p99"] for one in side) / 1000 for side in (with_, without)]
    yield Figure("p99 of the clients that read, relative to a run without stalled clients", statistics.median(ratios), "×",
                 at_most(1.2), spread_of(ratios), f"{p99[0]:.2f} ms and {p99[1]:.2f} ms; "
                 f"{sum(one['load']['lost'] for one in with_)} lost")


STALLED_READERS = Row(
    "stalled", "Clients that never read",
    f"{HEALTHY:,} clients that read, {EVENTS_PER_S} events/s of {EVENT_BYTES:,} bytes, with and without {STALLED:,} "
    f"others that never do. The orion protocol with its defaults: a client is closed when it has been more than 1 MiB behind for "
    f"{GRACE_S} s without catching up, or 15 s behind.",
    measure, figures)

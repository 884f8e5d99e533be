"""A million connections, both ends on this machine."""

import os
import re
import subprocess
import threading
import time

from harness.gateway import configuration, gateway, load_command, load_result
from harness.machine import memory_bytes
from harness.processes import Skipped, child, cpu_ns, socket_memory, usable_files

from .row import Figure, Row, at_least, at_most

CLIENTS, CLIENTS_QUICK = 1_000_000, 100_000
FILES_A_TABLE = 17_900  # of the clients of a shard, and of a thread of the generator: below a limit of 20,000
BYTES_A_CLIENT = 14_000  # of the kernel's, both ends, with room to breathe
EVENT_EVERY_S = 100
PINGS_FROM_S, PINGS_S = 30, 60  # after the first event has left: two rounds of pings
# The profile's own pings, every 30 s. A client that connects while a hundred thousand others do waits longer than 5 s.
ENDPOINT = 'profile = "orion"\n'
SERVER = 'descriptors = "per_shard"\nconnections_max = 1100000\nhandshake_timeout = "60s"\ndrain = "1s"'


def measure(bench):
    clients = bench.pick(CLIENTS, CLIENTS_QUICK)
    tables = clients // FILES_A_TABLE + 1
    refuse_if_too_small(clients)
    both = sorted({bench.server_core, bench.generator_core})
    with gateway(bench, configuration(ENDPOINT, shards=tables, server=SERVER), both) as server:
        bench.log(f"{clients} clients, {tables} shards with a table of descriptors each")
        command = load_command(
            bench, "--url", f"ws://127.0.0.1:{server.port}/ws", "--publish", f"http://127.0.0.1:{server.port}/v1/publish",
            "--channel", "orion.bench", "--clients", clients, "--threads", tables, "--events", 2, "--rate",
            1 / EVENT_EVERY_S, "--server-pid", server.pid)
        with child(command, both, env={**os.environ, **server.environment}, stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE) as process:
            seen = {}
            watcher = threading.Thread(target=watch, args=(bench, process.stderr, server.pid, seen), daemon=True)
            watcher.start()
            output = process.stdout.read()
            process.wait()
            watcher.join(5)
        seen["load"] = load_result(subprocess.CompletedProcess(command, process.returncode, output, ""))
        return {"clients": clients, "shards": tables, **seen}


def refuse_if_too_small(clients):
    """Avoids running the machine out of memory."""
    wanted = clients * BYTES_A_CLIENT
    if memory_bytes() < wanted:
        raise Skipped(f"{clients:,} connections need about {wanted / 1024**3:.0f} GiB of free memory, both ends")
    if usable_files() < 2 * clients:
        raise Skipped("the system may open fewer files than that: see `carillon doctor --connections 1000000`")


def watch(bench, lines, pid, seen):
    """Prints the progress, and measures the cost of the pings between two events."""
    published_at, last = None, ""
    for line in lines:
        if line != last:
            bench.log(line.strip())
        last = line
        now = time.monotonic()
        if published_at is None and re.search(r"publishing: [12] of", line):
            published_at = now
            seen["tcp_bytes"] = socket_memory()["mem_bytes"]
        if published_at and "pings_from" not in seen and now - published_at > PINGS_FROM_S:
            seen["pings_from"] = (now, cpu_ns(pid))
        if "pings_from" in seen and "pings_cpu" not in seen and now - seen["pings_from"][0] > PINGS_S:
            begun, before = seen["pings_from"]
            seen["pings_cpu"] = (cpu_ns(pid) - before) / 1e9 / (now - begun)


def figures(seen):
    load = seen["load"]
    yield Figure("connections open at once until the end", load["connected"], "", at_least(seen["clients"]), None,
                 f"in {load['connect_s']:.0f} s, {load['connects_per_s']:,.0f}/s; {seen['shards']} shards, "
                 f"{load['dropped']} dropped")
    yield Figure("resident memory of the server per connection", load["server"]["bytes_a_connection"], "B", at_most(200))
    yield Figure("receivers that missed an event", load["lost"] + load.get("undelivered", 0), "", at_most(0), None,
                 f"{load['published']} events; p50 {load['latency_us']['p50'] / 1e6:.1f} s, the last after "
                 f"{load['latency_us']['max'] / 1e6:.1f} s")
    if "pings_cpu" in seen:
        yield Figure("pings every 30 s: CPU of the server", seen["pings_cpu"], "cores", None, None,
                     "its receivers' pongs included; the generator has the rest")


MILLION = Row(
    "million", "A million connections",
    "`carillon serve` and `carillon bench` share both cores; orion with its own pings. Each shard, and each thread of the "
    "generator, has a table of descriptors of its own (`server.descriptors`), because a process may open only 20,000 files "
    "here; the time limit for a handshake is raised to 60 s. Two events, counted at every receiver.",
    measure, figures, on_demand=True)

"""Many clients that are cut off at once, and come back at once for what they missed: Carillon and Centrifugo in turns."""

import contextlib
import dataclasses
import json
import os
import statistics
from collections.abc import Callable

from harness.figures import spread_of
from harness.gateway import NO_PINGS, configuration, gateway
from harness.processes import cpu_ns, settled, wait_until
from harness.resumers import resumers
from harness.tokens import hs256, of_user
from peers import centrifugo

from .row import Figure, Row, at_least, at_most

CLIENTS, CHANNELS, MISSED, EVENT_BYTES = 10_000, 100, 100, 256
CLIENTS_QUICK = 1_000
BATCH = 200  # events of a request that publishes
ROUNDS = 5
# A process that has a thread for its own housekeeping is never quite idle.
IDLE_CPU_NS, IDLE_S = 1_000_000, 0.1
OTHER_FILES_MAX = 8  # that a server may open meanwhile, other than connections

ENDPOINT = f'profile = "carillon"\ntransports = ["websocket"]\nresume.parameter = ""\nkeepalive.frame = "1h"\n{NO_PINGS}'


@dataclasses.dataclass(frozen=True)
class Running:
    """A server with a history, and what is needed to use it."""

    pid: int
    port: int
    path: str
    publish: Callable  # of [(channel, data)]
    token: str = ""


@contextlib.contextmanager
def carillon_running(bench):
    with gateway(bench, configuration(ENDPOINT)) as server:
        token = hs256({**of_user("bench"), "channels": ["*"]}, server.environment["CARILLON_JWT_SECRET"])
        yield Running(server.pid, server.port, "/v1/connect", server.publish, token)


@contextlib.contextmanager
def centrifugo_running(bench):
    with centrifugo.recovering(bench, centrifugo.install(bench)) as (pid, port, publish):
        yield Running(pid, port, "/connection/websocket", publish)


SIDES = {"carillon": carillon_running, "centrifugo": centrifugo_running}


def event(number):
    """Its JSON has EVENT_BYTES bytes and begins with the number."""
    bare = len(json.dumps({"n": number, "pad": ""}, separators=(",", ":")))
    return {"n": number, "pad": "x" * (EVENT_BYTES - bare)}


def publish(server, numbers):
    """Each of these events on each channel."""
    events = [(f"bench.{channel}", event(number)) for number in numbers for channel in range(CHANNELS)]
    for begin in range(0, len(events), BATCH):
        server.publish(events[begin:begin + BATCH])


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def idle_cpu_ns(pid):
    return settled(lambda: cpu_ns(pid), "the server coming to rest", IDLE_CPU_NS, every_s=IDLE_S)


def run(bench, side):
    count, last = bench.pick(CLIENTS, CLIENTS_QUICK), 1 + MISSED
    with SIDES[side](bench) as server:
        files = open_files(server.pid)
        with resumers(bench, server.port, server.path, side, count, CHANNELS, server.token) as clients:
            clients.prepare("connect 0")
            publish(server, [1])
            clients.prepare("await 1")
            clients.cut()
            wait_until(lambda: open_files(server.pid) <= files + OTHER_FILES_MAX, "the server noticing that its clients are gone")
            publish(server, range(2, last + 1))
            before = idle_cpu_ns(server.pid)
            seen = clients.connect(last)
            return {"clients": count, "cpu_s": (idle_cpu_ns(server.pid) - before) / 1e9, **seen}


def measure(bench):
    rounds, names = bench.pick(ROUNDS, 1), list(SIDES)
    runs = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            bench.log(f"clients that resume: {name}, {number + 1} of {rounds}")
            runs[name].append(run(bench, name))
    return runs


def seconds(each):
    return (each["last_ns"] - each["begin_ns"]) / 1e9


def is_whole(each):
    """Every client has everything, once and in order, and was told so."""
    return (each["complete"] == each["recovered"] == each["clients"]
            and not each["out_of_order"] and not each["refused"] and not each["closed"])


def figures(seen):
    rounds = len(seen["carillon"])
    for name, runs in seen.items():
        title = name.capitalize()
        whole = [each for each in runs if is_whole(each)]
        target = at_least(rounds) if name == "carillon" else None
        yield Figure(f"{title}: rounds in which every client received everything once and in order", len(whole), "", target,
                     None, f"of {rounds}")
        if not whole:
            continue
        times, cpu = [seconds(each) for each in whole], [each["cpu_s"] for each in whole]
        first = statistics.median((each["first_ns"] - each["begin_ns"]) / 1e9 for each in whole)
        busy = statistics.median(each["cpu_ns"] / 1e9 for each in whole)
        yield Figure(f"{title}: until the last client is complete", statistics.median(times), "s", None, spread_of(times),
                     f"the first one after {first:.2f} s; CPU time of the clients' thread {busy:.2f} s")
        yield Figure(f"{title}: CPU of the server", statistics.median(cpu), "s", None, spread_of(cpu))
        received = statistics.median(each["bytes"] for each in whole)
        yield Figure(f"{title}: bytes received", received / 1e6, "MB", None, None,
                     f"{received / whole[0]['clients'] / MISSED:.0f} B per missed event, handshakes and answers included")
    yield from ratios(seen)


def ratios(seen):
    """Of the rounds, one of each side."""
    pairs = [(one, other) for one, other in zip(seen["carillon"], seen["centrifugo"]) if is_whole(one) and is_whole(other)]
    for what, of in (("time until the last client is complete", seconds), ("CPU of the server", lambda each: each["cpu_s"])):
        found = [of(one) / of(other) for one, other in pairs]
        if found:
            yield Figure(f"resuming: {what} relative to Centrifugo", statistics.median(found), "×", at_most(1), spread_of(found))


RESUME = Row(
    "resume", "Clients that come back for what they missed",
    f"{CLIENTS:,} clients on {CHANNELS} channels, {CLIENTS // CHANNELS} on each, have one event of their channel. All "
    f"connections are reset at once, {MISSED} events of {EVENT_BYTES} bytes (JSON, as published) go to each channel, and all "
    "clients connect and resume at once, at most 1,000 handshakes at a time. The same program checks for both servers that "
    "each client receives every number once and in order. A round on a freshly started server for each, in turns. Carillon: "
    "the carillon protocol over WebSocket with its defaults, a token verified for each connection; a client sends "
    "`subscribe` with its channel and position. Centrifugo: its bidirectional WebSocket with the JSON protocol, the memory "
    "engine with `history_size` 1,000, `history_ttl` 5 m and `force_recovery`, no tokens; a client sends `connect` and "
    "`subscribe` together, and `subscribe` has `recover`, the `epoch` of its first answer, and the `offset` of its last "
    "event; the missed events are in the reply, which is one message.",
    measure, figures)

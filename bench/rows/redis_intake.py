"""From Redis to one client as fast as possible, compared with a bare hiredis subscriber."""

import contextlib
import json
import statistics
import subprocess

from harness.figures import spread_of
from harness.gateway import ORION, configuration, gateway, redis
from harness.processes import Failure, child, cpu_ns, free_port, output_of

from .row import Figure, Row, at_least, at_most

CHANNEL = "orion.bench"
BODY_BYTES = 256
# The client shares the core with the gateway, and is not to be starved by it.
GIVE_WAY = ("nice", "-n", "5")
WARM_UP = 50_000
PART_OF_SATURATION = 0.8
SECONDS_AT_A_RATE = 4


def measure(bench):
    """At saturation first; then by a timetable, at a part of the rate that was seen there."""
    rounds, events = bench.pick(6, 2), bench.pick(1_000_000, 100_000)
    port = free_port()
    pairs = []
    text = configuration(ORION, bus=f"redis://127.0.0.1:{port}")
    with redis(bench, port), gateway(bench, text, under=GIVE_WAY) as server:
        for number in range(rounds):
            bench.log(f"{events} events, pipelined: {number + 1} of {rounds}")
            first, second = (carillon, floor) if number % 2 == 0 else (floor, carillon)
            one, two = (each(bench, server, port, events) for each in (first, second))
            pairs.append({"carillon": one, "floor": two} if number % 2 == 0 else {"carillon": two, "floor": one})
        rate = int(PART_OF_SATURATION * saturation_of(pairs))
        bench.log(f"{rate} events/s by a timetable")
        paced = [carillon(bench, server, port, rate * bench.pick(SECONDS_AT_A_RATE, 1), rate)
                 for _ in range(bench.pick(3, 1))]
    return {"events": events, "pairs": pairs, "rate": rate, "paced": paced}


def saturation_of(pairs):
    """Events/s of the median round, of those in which nothing was lost: a closed client does not show the rate."""
    rates = [pair["carillon"]["events_per_s"] for pair in pairs if not pair["carillon"]["lost"]]
    if not rates:
        raise Failure("the client was closed as slow in every round: there is no rate to measure at")
    return statistics.median(rates)


def flood(bench, port, events, rate=0):
    return json.loads(output_of([bench.build / "redis_flood", "--redis", port, "--channel", CHANNEL, "--events", events,
                                 "--bytes", BODY_BYTES, "--rate", rate, "--core", bench.generator_core]))


def floor(bench, _server, port, events):
    command = [*GIVE_WAY, bench.build / "redis_floor", "--redis", port, "--channel", CHANNEL, "--core", bench.server_core]
    with child(command, bench.server_core, stdout=subprocess.PIPE) as process:
        json.loads(process.stdout.readline())  # it has subscribed
        begun = flood(bench, port, events)["begin_ns"]
        seen = json.loads(process.stdout.readline())
    return {"events_per_s": seen["messages"] / (seen["end_ns"] - begun) * 1e9, "cpu_us": seen["cpu_ns"] / 1000 / seen["messages"],
            "lost": events - seen["messages"]}


@contextlib.contextmanager
def listener(bench, server):
    token = output_of([bench.carillon, "token"], env=server.environment).strip()
    command = [bench.build / "load_generator", "--port", server.port, "--core", bench.server_core]
    with child(command, bench.server_core, env={"CARILLON_TOKEN": token}, stdin=subprocess.PIPE,
               stdout=subprocess.PIPE) as process:
        def ask(command):
            process.stdin.write(command + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise Failure("load_generator is gone")
            return json.loads(line)
        ask("connect 1")
        yield ask


def carillon(bench, server, port, events, rate=0):
    """Without a rate: as fast as it goes. The publisher's last word, "end", is not JSON, and the gateway drops it."""
    with listener(bench, server) as ask:
        flood(bench, port, WARM_UP)  # a new connection's buffers are small at first
        if ask(f"await {WARM_UP}")["events"] < WARM_UP:
            raise Failure("the client was closed as slow in the warm-up")
        before = cpu_ns(server.pid)
        published = flood(bench, port, events, rate)
        received = ask(f"await {WARM_UP + events}")
        count = received["events"] - WARM_UP
        return {"events_per_s": count / (received["at_ns"] - published["begin_ns"]) * 1e9,
                "published_per_s": events / published["wall_ns"] * 1e9,
                "cpu_us": (cpu_ns(server.pid) - before) / 1000 / events, "lost": events - count}


def figures(seen):
    pairs = seen["pairs"]
    ratios = [pair["carillon"]["events_per_s"] / pair["floor"]["events_per_s"] for pair in pairs]
    rate = {side: statistics.median(pair[side]["events_per_s"] for pair in pairs) for side in ("carillon", "floor")}
    cpu = {side: statistics.median(pair[side]["cpu_us"] for pair in pairs) for side in ("carillon", "floor")}
    yield Figure("Redis → client: events/s relative to a bare hiredis subscriber", statistics.median(ratios), "",
                 at_least(0.9), spread_of(ratios),
                 f"{rate['carillon']:,.0f} and {rate['floor']:,.0f} events/s; {cpu['carillon']:.2f} and "
                 f"{cpu['floor']:.2f} µs of CPU per event")
    lost = [pair["carillon"]["lost"] for pair in pairs if pair["carillon"]["lost"]]
    why = "" if not lost else (f"in {len(lost)} of {len(pairs)} rounds: the client, which shares the core with the gateway, did "
                               "not keep up, and was closed as a slow consumer; what arrived after that counts as lost")
    yield Figure("Redis → client at saturation: lost", sum(lost), "", None, None, why)
    published = statistics.median(run["published_per_s"] for run in seen["paced"])
    yield Figure(f"Redis → client at {100 * PART_OF_SATURATION:.0f} % of that rate: lost",
                 sum(run["lost"] for run in seen["paced"]), "", at_most(0), None,
                 f"{seen['rate']:,} events/s by a timetable, of which the publisher reached {published:,.0f}")


REDIS_INTAKE = Row(
    "redis", "Redis to one client",
    f"One channel, a publisher that pipelines, bodies of {BODY_BYTES} bytes. redis-server and its publisher have one "
    "core; the other has `carillon serve` and its one client, or a program that only reads the messages with hiredis and "
    "counts them; both have a lower priority than the client (nice 5). First the publisher is as fast as Redis accepts its "
    f"events; then it follows a timetable, at {100 * PART_OF_SATURATION:.0f} % of the median rate at which they arrived.",
    measure, figures)

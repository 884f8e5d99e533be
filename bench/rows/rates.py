"""Events that arrive faster than they could be delivered one by one: what coalescing saves, and its latency."""

import statistics

from harness.figures import spread_of
from harness.gateway import ORION, configuration, fan_out, gateway, orion_load

from .row import Figure, Row, at_least, at_most

CLIENTS = 10_000
FALL_TARGETS = {100: 7, 500: 25}
ROUNDS = 8


def measure(bench):
    rounds, seconds = bench.pick(ROUNDS, 2), bench.pick(4, 2)
    rates = list(FALL_TARGETS) * rounds
    bench.log(f"{CLIENTS} clients, one event at a time, then {rounds} times 100 and 500 events/s")
    seen = fan_out(bench, "--clients", CLIENTS, "--pending", 1, "--pairs", rounds, "--rates", *rates,
                   "--seconds", seconds)
    return {"alone": seen[0], "rates": seen[1:], "latency": [latency(bench, rate) for rate in FALL_TARGETS]}


def latency(bench, rate):
    """Latency through the whole server, including the publish API, and the duration of a sweep."""
    duration = bench.pick("8s", "3s")
    with gateway(bench, configuration(ORION)) as server:
        bench.log(f"{CLIENTS} clients, {rate} events/s through the publish API")
        seen = orion_load(bench, server, "--clients", CLIENTS, "--rate", rate, "--duration", duration)
        writes = server.metric("carillon_writes_total")
    sweep_ms = seen["measured_s"] * 1000 * CLIENTS / max(1, writes - 2 * CLIENTS)  # the 101s, the warm-up
    return {"events_per_s": rate, "sweep_ms": sweep_ms, "load": seen}


def why_not_more(rate, alone, busy):
    """For a thread without idle time the CPU per delivery is 1 / (deliveries per second), whatever it does."""
    if busy < 0.95:
        return ""
    most = alone * rate * CLIENTS / 1e6
    return f"; with no idle time left, the cost alone × {rate * CLIENTS / 1e6:g} M deliveries/s is the most: {most:.1f} ×"


def figures(seen):
    alone = seen["alone"]["engine_cpu_us"]["median"]
    for rate, target in FALL_TARGETS.items():
        runs = [run for run in seen["rates"] if run["events_per_s"] == rate]
        cpu = [run["cpu_us"] for run in runs]
        busy = statistics.median(run["cpu_share"] for run in runs)
        yield Figure(f"{rate} events/s × {CLIENTS:,}: CPU per delivery, times less than one event at a time",
                     alone / statistics.median(cpu), "×", at_least(target), spread_of([alone / each for each in cpu]),
                     f"{statistics.median(cpu):.2f} µs instead of {alone:.2f}; "
                     f"{statistics.median(run['events_a_write'] for run in runs):.1f} events per write; the thread was "
                     f"busy {100 * busy:.0f} % of the time{why_not_more(rate, alone, busy)}")
        per_s = [run["deliveries_per_s"] for run in runs]
        yield Figure(f"{rate} events/s × {CLIENTS:,}: deliveries", statistics.median(per_s), "/s", None,
                     spread_of(per_s))
        yield Figure(f"{rate} events/s × {CLIENTS:,}: lost", sum(run["lost"] for run in runs), "", at_most(0))
    for run in seen["latency"]:
        times, sweep = run["load"]["latency_us"], run["sweep_ms"]
        yield Figure(f"{run['events_per_s']} events/s × {CLIENTS:,}: p99 in sweeps", times["p99"] / 1000 / sweep,
                     "sweeps", at_most(2), None,
                     f"p50 {times['p50'] / 1000:.0f} ms, p99 {times['p99'] / 1000:.0f} ms from the time each event was "
                     f"due; a sweep of all clients took {sweep:.0f} ms; {run['load']['lost']} lost")


RATES = Row(
    "rates", "Faster than one by one",
    "Events of 256-byte frames, published on the gateway's thread by a timetable to 10,000 clients that read; the two "
    "rates alternate. CPU time of that thread divided by the deliveries that the receivers counted. The latency is from "
    "another run, through the publish API of the whole server.",
    measure, figures)

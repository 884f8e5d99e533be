"""How long an event takes to its receivers, beside the bare loop."""

from harness.gateway import fan_out

from .row import Figure, Row, at_most

CLIENTS, EVENTS_PER_S = 10_000, 5


def measure(bench):
    bench.say(f"{CLIENTS} clients, {EVENTS_PER_S} events/s, engine and floor in turns")
    return fan_out(bench, "--clients", CLIENTS, "--latency", EVENTS_PER_S, "--blocks", bench.pick(16, 2),
                   "--block-events", bench.pick(10, 5))[0]


def figures(seen):
    for name in ("p50", "p99"):
        engine, floor = seen[f"engine_{name}_us"], seen[f"floor_{name}_us"]
        yield Figure(f"{CLIENTS:,} × {EVENTS_PER_S} events/s: {name} over the floor's", seen[f"ratio_{name}_of_pairs"]["median"], "×",
                     at_most(1.1), seen[f"ratio_{name}_of_pairs"],
                     f"{engine['median'] / 1000:.1f} ms; the bare loop {floor['median'] / 1000:.1f} ms")


LATENCY = Row(
    "latency", "Latency against the bare loop",
    "Blocks of events by the engine and by the bare loop in turns, on the same connections; from the time at which an "
    "event was due to its arrival, at the same receivers by the same clock; the ratio is the "
    "median of neighbouring blocks'.",
    measure, figures)

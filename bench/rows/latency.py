"""How long an event takes to its receivers, compared with the bare loop."""

from harness.gateway import fan_out

from .row import Figure, Row, at_most

CLIENTS, EVENTS_PER_S = 10_000, 5


def measure(bench):
    bench.log(f"{CLIENTS} clients, {EVENTS_PER_S} events/s, engine and floor in turns")
    return fan_out(bench, "--clients", CLIENTS, "--latency", EVENTS_PER_S, "--blocks", bench.pick(16, 2),
                   "--block-events", bench.pick(10, 5))[0]


def figures(seen):
    for name in ("p50", "p99"):
        engine, floor = seen[f"engine_{name}_us"], seen[f"floor_{name}_us"]
        yield Figure(f"{CLIENTS:,} × {EVENTS_PER_S} events/s: {name} relative to the bare loop", seen[f"ratio_{name}_of_pairs"]["median"], "×",
                     at_most(1.1), seen[f"ratio_{name}_of_pairs"],
                     f"{engine['median'] / 1000:.1f} ms; the bare loop {floor['median'] / 1000:.1f} ms")


LATENCY = Row(
    "latency", "Latency compared with a bare loop",
    "The engine and the bare loop alternate, a block of events each, on the same connections. Latency is the time from "
    "when an event was due to its arrival, measured at the same receivers by the same clock; the ratio is the median over "
    "neighbouring blocks.",
    measure, figures)

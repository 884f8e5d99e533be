"""The cost of a delivery, compared with a bare loop of send() on the same connections in the same process."""

from harness.gateway import fan_out

from .row import Figure, Row, at_least

PAIRS = {1000: 240, 10_000: 80}
TARGET = 0.90


def measure(bench):
    seen = []
    for clients, pairs in PAIRS.items():
        bench.log(f"{clients} clients, engine and floor in turns")
        seen += fan_out(bench, "--clients", clients, "--pending", 1, 16, "--pairs", bench.pick(pairs, 8))
    return {"phases": seen}


def figures(seen):
    for phase in seen["phases"]:
        one = phase["pending"] == 1
        waiting = "1 event" if one else f"{phase['pending']} events pending"
        engine, floor = phase["engine_cpu_us"], phase["floor_cpu_us"]
        yield Figure(f"{waiting} → {phase['clients']:,} clients: CPU of a bare loop / CPU of Carillon", phase["ratio_of_pairs"]["median"], "",
                     at_least(TARGET) if one else None, phase["ratio_of_pairs"],
                     f"{engine['median']:.2f} µs CPU per delivery; the bare loop {floor['median']:.2f} µs")


FLOOR = Row(
    "floor", "A delivery compared with a bare loop",
    "One gateway thread, all clients on the orion protocol, frames of 256 bytes. The bare loop calls `send()` with the "
    "same bytes on the same descriptors in the same order, on the same thread. The two alternate, and alternate in going "
    "first. CPU time of that thread, user and kernel; the ratio is the median of the ratios of all pairs.",
    measure, figures)

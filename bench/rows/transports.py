"""A delivery over Server-Sent Events, compared with one over WebSocket."""

from harness.gateway import fan_out

from .row import Figure, Row, at_most

PAIRS = {1000: 120, 9_000: 30}  # two such crowds are what one process may hold here
TARGET, TARGET_PENDING = 1.05, 16


def measure(bench):
    seen = []
    for clients, pairs in PAIRS.items():
        bench.log(f"{clients} WebSockets and as many event streams, in turns")
        seen += fan_out(bench, "--transports", "--clients", clients, "--pending", 1, TARGET_PENDING, "--pairs",
                        bench.pick(pairs, 8))
    return {"phases": seen}


def figures(seen):
    for phase in seen["phases"]:
        pending = phase["pending"]
        waiting = "1 event" if pending == 1 else f"{pending} events pending"
        websocket, stream = phase["websocket_cpu_us"]["median"], phase["stream_cpu_us"]["median"]
        yield Figure(f"{waiting} → {phase['clients']:,} clients: CPU of Server-Sent Events / CPU of WebSocket",
                     phase["ratio_of_pairs"]["median"], "×", at_most(TARGET) if pending == TARGET_PENDING else None,
                     phase["ratio_of_pairs"],
                     f"{stream:.3f} and {websocket:.3f} µs CPU per delivery; {phase['stream_write_bytes'] // pending} and "
                     f"{phase['websocket_write_bytes'] // pending} bytes per event")


TRANSPORTS = Row(
    "sse", "Server-Sent Events compared with WebSocket",
    "One gateway thread with two endpoints of the orion protocol, one with WebSockets and one with Server-Sent Events, the "
    "same number of clients on each; an event goes to one endpoint. The same event data, which makes a WebSocket frame of "
    "256 bytes; all pending events of a client leave in one write. The two alternate, and alternate in going first. CPU "
    "time of that thread, user and kernel, from the publishing on; the ratio is the median of the ratios of all pairs.",
    measure, figures)

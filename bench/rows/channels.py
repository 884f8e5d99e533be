"""100,000 channels with one subscriber each, compared with one channel that all clients subscribe to."""

from harness.clients import swarm
from harness.figures import slope
from harness.gateway import SERVICE, configuration, fan_out, gateway
from harness.processes import settled_resident_bytes

from .row import Figure, Row, at_most

CHANNELS, CLIENTS = 100_000, 5_000
SUBSCRIPTION_BYTES = 16


def measure(bench):
    bench.log(f"{CHANNELS} channels of one subscriber each, and one of all, in turns")
    phases = fan_out(bench, "--clients", CLIENTS, "--channels", CHANNELS, "--pending", 1, 16, "--pairs",
                     bench.pick(12, 3))
    return {"phases": phases, "memory": memory(bench)}


def memory(bench):
    """Each client subscribes to the same number of channels, each to its own."""
    bench.log("what a channel takes")
    points = []
    with gateway(bench, configuration(SERVICE)) as server, swarm(bench, server, path="/api/ws") as clients:
        clients.connect(CLIENTS)
        for turn, channels in enumerate((1, CHANNELS // CLIENTS - 1)):
            clients.send(channels, f'{{"type":"subscribe","data":{{"channel":"room-$i-{turn}-$k"}}}}')
            server.metric("carillon_channels")
            points.append((server.metric("carillon_channels"), settled_resident_bytes(server.pid)))
    return {"points": points}


def figures(seen):
    for phase in seen["phases"]:
        many = phase["pending"] > 1
        yield Figure(f"{CHANNELS:,} channels, {phase['pending']} pending per client: CPU per delivery relative to one hot channel",
                     phase["ratio_of_pairs"]["median"], "×", at_most(2) if many else None, phase["ratio_of_pairs"],
                     f"{phase['many_cpu_us']['median']:.2f} and {phase['one_cpu_us']['median']:.2f} µs, of which "
                     f"{phase['many_publishing_us']['median']:.2f} and {phase['one_publishing_us']['median']:.2f} before "
                     "the sweep: reading, checking, encoding and appending; a bare sendmsg() of as many frames, equally "
                     f"far apart in memory: {phase['floor_cpu_us']['median']:.2f} µs")
    yield Figure("memory of a channel without history", slope(seen["memory"]["points"]) - SUBSCRIPTION_BYTES, "B",
                 at_most(128), None, f"resident memory per channel and its subscription, less {SUBSCRIPTION_BYTES} B of the "
                                     "subscription")


CHANNEL_ROW = Row(
    "channels", "A hundred thousand channels",
    f"{CLIENTS:,} clients of the service protocol, each subscribed to {CHANNELS // CLIENTS} channels of its own; events "
    "on random ones, alternating with the hot channel's phases, which have as many deliveries. Each event of these channels is read, "
    "checked and encoded for one delivery, and each of the hot channel's for 5,000. CPU time of the gateway's thread.",
    measure, figures)

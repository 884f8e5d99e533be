"""Two shards on two cores against one, with the load generator on the same two."""

from harness.gateway import ORION, configuration, gateway, orion_load

from .row import Figure, Row

CLIENTS, EVENTS_PER_S = 10_000, 500


def measure(bench):
    seen = {}
    for shards in (1, 2):
        bench.log(f"{shards} shard(s), {CLIENTS} clients, {EVENTS_PER_S} events/s")
        both = sorted({bench.server_core, bench.generator_core})
        with gateway(bench, configuration(ORION, shards=shards), both) as server:
            seen[str(shards)] = orion_load(bench, server, "--clients", CLIENTS, "--rate", EVENTS_PER_S, "--duration",
                                           bench.pick("10s", "3s"))
    return seen


def figures(seen):
    for shards, load in seen.items():
        times = load["latency_us"]
        yield Figure(f"{shards} shard{'s' if shards != '1' else ''}, {EVENTS_PER_S} events/s × {CLIENTS:,}: deliveries",
                     load["deliveries_per_s"], "/s", None, None,
                     f"{load['server']['cpu_us_a_delivery']:.2f} µs of server CPU each, p50 {times['p50'] / 1000:.0f} ms, "
                     f"p99 {times['p99'] / 1000:.0f} ms, {load['lost']} lost")


SHARDS = Row(
    "shards", "Two shards",
    "The gateway may use both cores, and the load generator uses its share of one of them: the cost of measuring "
    "on the same machine is included in these figures.",
    measure, figures)

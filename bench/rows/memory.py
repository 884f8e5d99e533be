"""What clients that only listen cost in memory: the slope of the server's resident memory between two numbers of
them, so that what the process costs without any does not count."""

from harness.clients import swarm
from harness.figures import slope
from harness.gateway import ORION, PLAIN, SERVICE, configuration, gateway, tls_address
from harness.processes import resident_bytes, settled_resident_bytes

from .row import Figure, Row, at_most

FROM, TO = 5_000, 17_000
CACHED_TOKENS = 16_384  # what a shard remembers at most (src/auth/token_cache.h)
SUBSCRIBERS = 8_000
SUBSCRIPTIONS = (1, 2, 4, 8, 16)


def points_of(bench, server, clients):
    points = []
    for count in (FROM, bench.pick(TO, 9_000)):
        clients.connect(count)
        server.await_connections(count)
        points.append((count, settled_resident_bytes(server.pid)))
    return points


def shared_identity(bench):
    bench.say("idle connections that share a token")
    with gateway(bench, configuration(ORION)) as server, swarm(bench, server) as clients:
        return {"points": points_of(bench, server, clients)}


def distinct_identities(bench):
    """The cache is full before the first is counted: it is bounded, and another thing."""
    bench.say("idle connections with a token each")
    with gateway(bench, configuration(ORION)) as server, swarm(bench, server, "--users") as clients:
        clients.visit(10)
        before = resident_bytes(server.pid)
        clients.visit(bench.pick(CACHED_TOKENS, 1_000))
        cache = settled_resident_bytes(server.pid) - before
        return {"cache_bytes": cache, "points": points_of(bench, server, clients)}


def subscriptions(bench):
    bench.say("subscriptions")
    points, so_far = [], 0
    with gateway(bench, configuration(SERVICE)) as server, swarm(bench, server, path="/api/ws") as clients:
        clients.connect(SUBSCRIBERS)
        for count in SUBSCRIPTIONS:
            for number in range(so_far, count):
                clients.say(1, f'{{"type":"subscribe","data":{{"channel":"room-{number}"}}}}')
            so_far = count
            server.metric("carillon_channels")  # answered after what was said before
            points.append((count * SUBSCRIBERS, settled_resident_bytes(server.pid)))
    return {"points": points}


def over_tls(bench):
    bench.say("idle connections over TLS")
    listen = (PLAIN, tls_address(bench))
    with (gateway(bench, configuration(ORION, listen=listen)) as server,
          swarm(bench, server, "--tls", port=server.ports[1]) as clients):
        return {"points": points_of(bench, server, clients)}


def measure(bench):
    return {"shared": shared_identity(bench), "distinct": distinct_identities(bench),
            "subscriptions": subscriptions(bench), "tls": over_tls(bench)}


def figures(seen):
    yield Figure("idle connection, one shared identity", slope(seen["shared"]["points"]), "B", at_most(96))
    cache = seen["distinct"]["cache_bytes"]
    yield Figure("idle connection, a 16-byte `sub` each", slope(seen["distinct"]["points"]), "B", at_most(192), None,
                 f"the cache of verified tokens apart: {cache / 1024 / 1024:.1f} MiB at its bound of "
                 f"{CACHED_TOKENS:,} tokens a shard")
    steps = seen["subscriptions"]["points"]
    each = ", ".join(f"{before[0] // SUBSCRIBERS} → {after[0] // SUBSCRIBERS}: {slope((before, after)):.0f} B"
                     for before, after in zip(steps, steps[1:]))
    yield Figure("one subscription more", slope(steps), "B", at_most(16), None, f"by how many a client has: {each}")
    yield Figure("idle connection over TLS", slope(seen["tls"]["points"]) / 1024, "KiB", at_most(14.5))


MEMORY = Row(
    "memory", "Memory of those who only listen",
    f"Resident memory of `carillon serve`, once it stands still, at {FROM:,} and at {TO:,} connections of the orion "
    f"protocol; for subscriptions {SUBSCRIBERS:,} clients of the service protocol on {len(SUBSCRIPTIONS)} to "
    f"{SUBSCRIPTIONS[-1]} channels that they share.",
    measure, figures)

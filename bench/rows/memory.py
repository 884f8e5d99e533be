"""What clients that only listen cost in memory: the slope of the server's resident memory between two numbers of
them, so that what the process costs without any does not count."""

from harness.clients import swarm
from harness.figures import slope
from harness.gateway import ORION, PLAIN, SERVICE, configuration, gateway, tls_address
from harness.processes import json_lines, output_of, settled_resident_bytes, wait_until

from .row import Figure, Row, at_most

FROM, TO = 5_000, 17_000
CACHED_TOKENS = 16_384  # the default of server.token_cache_max
SUBSCRIBERS = 15_000
SUBSCRIPTIONS = (1, 16)


# A client that offers more suites than ours does makes some of them longer.
WHAT_TLS_KEEPS = {
    "ssl/ssl_lib.c": "the SSL object itself",
    "ssl/ssl_sess.c": "the session that a ticket would resume",
    "ssl/ssl_cert.c": "its own copy of what the context says of certificates",
    "providers/implementations/ciphers/cipher_aes_gcm.c": "AES-GCM, one key each way",
    "providers/implementations/digests/sha2_prov.c": "the transcript's hash",
    "crypto/evp/evp_enc.c": "handles of the ciphers",
    "crypto/stack/stack.c": "lists of cipher suites",
    "crypto/threads_pthread.c": "locks of counted objects",
    "crypto/ec/ecx_key.c": "the X25519 keys of the exchange",
    "crypto/evp/p_lib.c": "their handles",
    "ssl/t1_lib.c": "groups and signature algorithms that the client has offered",
}


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
    """The cache of verified tokens is bounded, and another thing: by knob it holds one here."""
    bench.say("idle connections with a token each")
    with (gateway(bench, configuration(ORION, server="token_cache_max = 1")) as server,
          swarm(bench, server, "--users") as clients):
        return {"points": points_of(bench, server, clients)}


def token_cache(bench):
    """Clients that come and go, so that nothing is left of them but what is remembered."""
    bench.say("remembered tokens")
    with gateway(bench, configuration(ORION)) as server, swarm(bench, server, "--users") as clients:
        points = []
        for count in (10, bench.pick(CACHED_TOKENS, 4_000)):
            clients.visit(count)
            points.append((count, settled_resident_bytes(server.pid)))
        return {"points": points}


def subscriptions(bench):
    """The same clients with one, and with many: each crowd on a gateway of its own, subscribed at once."""
    bench.say("subscriptions")
    points = []
    for count in SUBSCRIPTIONS:
        with gateway(bench, configuration(SERVICE)) as server, swarm(bench, server, path="/api/ws") as clients:
            clients.connect(SUBSCRIBERS)
            clients.say(count, '{"type":"subscribe","data":{"channel":"room-$k"}}')
            wait_until(lambda server=server, count=count: server.metric("carillon_client_commands_total") == count * SUBSCRIBERS,
                       "the subscriptions")
            points.append((count * SUBSCRIBERS, settled_resident_bytes(server.pid)))
    return {"points": points}


def over_tls(bench):
    bench.say("idle connections over TLS")
    listen = (PLAIN, tls_address(bench))
    with (gateway(bench, configuration(ORION, listen=listen)) as server,
          swarm(bench, server, "--tls", port=server.ports[1]) as clients):
        return {"points": points_of(bench, server, clients)}


def tls_parts(bench):
    """By the file of OpenSSL that asked for the memory, of sessions that have shaken hands."""
    tls_address(bench)
    pem = {"TLS_CERT": bench.scratch / "cert.pem", "TLS_KEY": bench.scratch / "key.pem"}
    return json_lines(output_of([bench.build / "tls_footprint"],
                                env={name: path.read_text() for name, path in pem.items()}))


def measure(bench):
    return {"shared": shared_identity(bench), "distinct": distinct_identities(bench), "cache": token_cache(bench),
            "subscriptions": subscriptions(bench), "tls": over_tls(bench), "tls_parts": tls_parts(bench)}


def figures(seen):
    yield Figure("idle connection, one shared identity", slope(seen["shared"]["points"]), "B", at_most(96))
    yield Figure("idle connection, a 16-byte `sub` each", slope(seen["distinct"]["points"]), "B", at_most(192))
    yield Figure("a verified token that is remembered", slope(seen["cache"]["points"]), "B", None, None,
                 f"`server.token_cache_max` bounds them; by default {CACHED_TOKENS:,} a shard and endpoint")
    steps = seen["subscriptions"]["points"]
    yield Figure("one subscription more", slope(steps), "B", at_most(16), None,
                 f"between {SUBSCRIPTIONS[0]} and {SUBSCRIPTIONS[-1]} of each client, on channels that all share")
    yield Figure("idle connection over TLS", slope(seen["tls"]["points"]) / 1000, "KB", at_most(14.5), None,
                 "nearly all of it OpenSSL's")
    for part in seen["tls_parts"]:
        yield Figure(f"of a TLS session: {part['file']}", part["bytes"], "B", None, None, WHAT_TLS_KEEPS.get(part["file"], ""))


MEMORY = Row(
    "memory", "Memory of those who only listen",
    f"Resident memory of `carillon serve`, once it stands still, at {FROM:,} and at {TO:,} connections of the orion "
    f"protocol; for subscriptions {SUBSCRIBERS:,} clients of the service protocol on {SUBSCRIPTIONS[0]} and "
    f"on {SUBSCRIPTIONS[-1]} channels that they share. For the distinct identities the cache of tokens holds one, by "
    "knob, so that it does not count; what it takes stands below.",
    measure, figures)

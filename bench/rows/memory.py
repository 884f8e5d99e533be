"""The memory of idle clients: the slope of the server's resident memory between two numbers of clients, so that the
memory of the process without clients does not count."""

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
    "ssl/ssl_cert.c": "its own copy of the context's certificate settings",
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
    bench.log("idle connections that share a token")
    with gateway(bench, configuration(ORION)) as server, swarm(bench, server) as clients:
        return {"points": points_of(bench, server, clients)}


def distinct_identities(bench):
    """The cache of verified tokens is measured separately: it is set to one token here."""
    bench.log("idle connections with a token each")
    with (gateway(bench, configuration(ORION, server="token_cache_max = 1")) as server,
          swarm(bench, server, "--users") as clients):
        return {"points": points_of(bench, server, clients)}


def token_cache(bench):
    """Clients that connect and disconnect, so that only their tokens remain in memory."""
    bench.log("remembered tokens")
    with gateway(bench, configuration(ORION)) as server, swarm(bench, server, "--users") as clients:
        points = []
        for count in (10, bench.pick(CACHED_TOKENS, 4_000)):
            clients.visit(count)
            points.append((count, settled_resident_bytes(server.pid)))
        return {"points": points}


def subscriptions(bench):
    """The same clients with one subscription and with many, each group on its own gateway."""
    bench.log("subscriptions")
    points = []
    for count in SUBSCRIPTIONS:
        with gateway(bench, configuration(SERVICE)) as server, swarm(bench, server, path="/api/ws") as clients:
            clients.connect(SUBSCRIBERS)
            clients.send(count, '{"type":"subscribe","data":{"channel":"room-$k"}}')
            wait_until(lambda server=server, count=count: server.metric("carillon_client_commands_total") == count * SUBSCRIBERS,
                       "the subscriptions")
            points.append((count * SUBSCRIBERS, settled_resident_bytes(server.pid)))
    return {"points": points}


def over_tls(bench):
    bench.log("idle connections over TLS")
    listen = (PLAIN, tls_address(bench))
    with (gateway(bench, configuration(ORION, listen=listen)) as server,
          swarm(bench, server, "--tls", port=server.ports[1]) as clients):
        return {"points": points_of(bench, server, clients)}


def tls_parts(bench):
    """The memory of sessions after the handshake, by the file of OpenSSL that allocated it."""
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
    yield Figure("one remembered token", slope(seen["cache"]["points"]), "B", None, None,
                 f"`server.token_cache_max` limits them; by default {CACHED_TOKENS:,} per shard and endpoint")
    steps = seen["subscriptions"]["points"]
    yield Figure("one more subscription", slope(steps), "B", at_most(16), None,
                 f"between {SUBSCRIPTIONS[0]} and {SUBSCRIPTIONS[-1]} per client, on channels that all clients share")
    yield Figure("idle connection over TLS", slope(seen["tls"]["points"]) / 1000, "KB", at_most(14.5), None,
                 "nearly all of it OpenSSL's")
    for part in seen["tls_parts"]:
        yield Figure(f"of a TLS session: {part['file']}", part["bytes"], "B", None, None, WHAT_TLS_KEEPS.get(part["file"], ""))


MEMORY = Row(
    "memory", "Memory of idle clients",
    f"Resident memory of `carillon serve`, once it no longer changes, at {FROM:,} and at {TO:,} connections of the orion "
    f"protocol; for subscriptions {SUBSCRIBERS:,} clients of the service protocol on {SUBSCRIPTIONS[0]} and "
    f"on {SUBSCRIPTIONS[-1]} channels that they share. For the distinct identities the token cache is limited to one "
    "token, so that it does not count; its memory is a figure of its own.",
    measure, figures)

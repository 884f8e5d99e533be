"""What TLS and permessage-deflate add to a delivery: CPU time of the server, compared with plain clients on the same
gateway."""

import contextlib
import statistics

from harness.clients import swarm
from harness.figures import spread_of
from harness.gateway import ORION, PLAIN, configuration, event_of, gateway, second_orion, tls_address

from .row import Figure, Row, at_most

TLS_CLIENTS, PENDING, TLS_EVENT_BYTES = 1_000, 16, 180  # a frame of about 256
DEFLATE_CLIENTS, DEFLATE_EVENT_BYTES = 9_900, 512  # two such crowds are what one process may hold here
DEFLATE_TEXT = ("The quick brown fox jumps over the lazy dog; pack my box with five dozen liquor jugs, said the sphinx "
                "of black quartz to the judge of vows. ")


def compressible(bytes_in_all):
    event = event_of(bytes_in_all)
    event["text"] = (DEFLATE_TEXT * 8)[:len(event["text"])]
    return event


def in_turns(server, crowds, event, pending, rounds):
    """The CPU time per delivery of each group; the groups alternate, and alternate in going first."""
    def phase(channel, clients, count, received):
        spent = server.cpu_of(lambda: (server.publish([(channel, event)] * pending), clients.expect(received)))
        return spent / 1000 / pending / count
    pairs = []
    for number in range(rounds + 1):  # the first warms everything up, and is not kept
        order = list(crowds.items())
        pairs.append({name: phase(*crowd, (number + 1) * pending)
                      for name, crowd in (order if number % 2 == 0 else reversed(order))})
    return pairs[1:]


def tls(bench, rounds):
    bench.log(f"{TLS_CLIENTS} clients over TLS and as many plain, {PENDING} events pending")
    text = configuration(ORION, second_orion(), listen=(PLAIN, tls_address(bench)))
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(gateway(bench, text))
        plain = stack.enter_context(swarm(bench, server))
        secret = stack.enter_context(swarm(bench, server, "--tls", port=server.ports[1], path="/other"))
        for clients in (plain, secret):
            clients.connect(TLS_CLIENTS)
        crowds = {"plain": ("orion.bench", plain, TLS_CLIENTS), "tls": ("other.bench", secret, TLS_CLIENTS)}
        pairs = in_turns(server, crowds, event_of(TLS_EVENT_BYTES), PENDING, rounds)
        before = secret.expect((rounds + 1) * PENDING)["records"]
        server.publish([("other.bench", event_of(TLS_EVENT_BYTES))] * PENDING)
        records = secret.expect((rounds + 2) * PENDING)["records"] - before
    return {"pairs": pairs, "records_a_flush": records / TLS_CLIENTS}


def deflate(bench, rounds):
    bench.log(f"{DEFLATE_CLIENTS} clients with permessage-deflate and as many without")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(gateway(bench, configuration(ORION, second_orion('deflate = "on"\n'))))
        plain = stack.enter_context(swarm(bench, server))
        small = stack.enter_context(swarm(bench, server, "--deflate", path="/other"))
        for clients in (plain, small):
            clients.connect(bench.pick(DEFLATE_CLIENTS, 2_000))
        crowds = {"plain": ("orion.bench", plain, bench.pick(DEFLATE_CLIENTS, 2_000)),
                  "deflated": ("other.bench", small, bench.pick(DEFLATE_CLIENTS, 2_000))}
        return {"pairs": in_turns(server, crowds, compressible(DEFLATE_EVENT_BYTES), 1, rounds)}


def measure(bench):
    rounds = bench.pick(10, 3)
    return {"tls": tls(bench, rounds), "deflate": deflate(bench, rounds)}


def ratio_of(pairs, name):
    ratios = [pair[name] / pair["plain"] for pair in pairs]
    cpu = {side: statistics.median(pair[side] for pair in pairs) for side in (name, "plain")}
    return statistics.median(ratios), spread_of(ratios), f"{cpu[name]:.2f} and {cpu['plain']:.2f} µs per delivery"


def figures(seen):
    value, spread, note = ratio_of(seen["tls"]["pairs"], "tls")
    yield Figure(f"TLS, {PENDING} events pending: CPU relative to plain", value, "×", at_most(2), spread, note)
    yield Figure(f"TLS, {PENDING} events pending: records per flush", seen["tls"]["records_a_flush"], "", at_most(1))
    value, spread, note = ratio_of(seen["deflate"]["pairs"], "deflated")
    yield Figure("shared deflate: CPU relative to plain", value, "×", at_most(1.1), spread, note)


ENCODINGS = Row(
    "encodings", "TLS and deflate",
    f"Two endpoints of the orion protocol on one gateway, so that an event goes to one kind of client only; they alternate. "
    f"TLS 1.3: {TLS_CLIENTS:,} clients of each kind, {PENDING} events in one request. Shared deflate: "
    f"{DEFLATE_CLIENTS:,} of each, JSON of {DEFLATE_EVENT_BYTES} bytes of English, one event at a time. CPU time of the "
    "whole server, the request that publishes included.",
    measure, figures)

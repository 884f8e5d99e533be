"""Carillon and the servers that it is compared with, all measured by `carillon bench` alike: one row a server, so
that each can be measured again by itself."""

import statistics

from harness.gateway import load
from harness.processes import Failure, family
from peers import carillon, centrifugo, mercure, nats, nchan, node, uwebsockets

from .row import Figure, Row

BYTES = 256
ALONE_PER_S = 2  # the slowest peers need some 170 ms for 10,000 clients: each sweep ends before the next event is due
LOADS_PER_S = (ALONE_PER_S, 100, 500, 2_000)
CLIENTS, CLIENTS_QUICK = (1_000, 10_000), (200,)
DURATION, DURATION_QUICK = "6s", "2s"
ROW_PREFIX = "peer-"

PEERS = (carillon.PEER, uwebsockets.PEER, nchan.PEER, nats.PEER, node.WS, node.SOCKET_IO, centrifugo.PEER, mercure.PEER)


def load_name(per_s, clients):
    at = "one at a time" if per_s == ALONE_PER_S else f"{per_s:,}/s"
    return f"{at} × {clients:,}"


def measure(bench, peer):
    """Each load runs on a freshly started server, so that work postponed under the last load does not count."""
    installed = peer.install(bench)
    runs = []
    for clients in bench.pick(CLIENTS, CLIENTS_QUICK):
        for per_s in LOADS_PER_S:
            bench.log(f"{peer.title}: {load_name(per_s, clients)}")
            runs.append({"clients": clients, "per_s": per_s, **run(bench, peer, installed, clients, per_s)})
    if all("failed" in each for each in runs):
        raise Failure(runs[0]["failed"])
    return {"peer": peer.name, "title": peer.title, "version": installed.version, "setup": peer.setup, "runs": runs}


def run(bench, peer, installed, clients, per_s):
    """A server that gives up under one load is still measured under the others."""
    try:
        with peer.started(bench, installed) as server:
            pids = [word for pid in family(server.pid) for word in ("--server-pid", pid)]
            return load(bench, server.environment, *server.options, *pids, "--clients", clients, "--bytes", BYTES,
                        "--rate", per_s, "--duration", bench.pick(DURATION, DURATION_QUICK))
    except Failure as failure:
        bench.log(str(failure))
        return {"failed": str(failure)}


def figures(seen):
    found = []
    for each in seen["runs"]:
        load_is = load_name(each["per_s"], each["clients"])
        if "failed" in each:
            found.append(Figure(f"{load_is}: not measured", 0, note=each["failed"]))
        else:
            found += figures_of(each, load_is)
    return [*found, Figure("memory per connection", bytes_a_connection(seen["runs"]), "B RSS", note=seen["version"])]


def figures_of(found, load_is):
    latency = found["latency_us"]
    return [
        Figure(f"{load_is}: deliveries", found["deliveries_per_s"], "/s", note=note_of(found)),
        Figure(f"{load_is}: CPU per delivery", found["server"]["cpu_us_a_delivery"], "µs"),
        Figure(f"{load_is}: p50", latency["p50"] / 1000, "ms"),
        Figure(f"{load_is}: p99", latency["p99"] / 1000, "ms"),
    ]


def note_of(found):
    """What part of the load it did not deliver; empty when it delivered everything."""
    words_of = {"lost": "lost", "undelivered": "not delivered within twice the time", "surplus": "too many",
            "out_of_order": "out of order", "dropped": "clients dropped", "refused": "clients refused",
            "publish_unacknowledged": "events not accepted within twice the time", "publish_refused": "events refused"}
    return ", ".join(f"{found[key]:,} {words}" for key, words in words_of.items() if found[key])


def bytes_a_connection(runs):
    """The slope between the fewest and the most clients, of the server's memory once they all are connected; of one
    number of clients what they added."""
    measured = [each for each in runs if "server" in each]
    with_clients = {}
    for each in measured:
        with_clients.setdefault(each["clients"] - each["refused"], []).append(each["server"]["rss_connected"])
    fewest, most = min(with_clients), max(with_clients)
    if fewest == most:
        return statistics.median(each["server"]["bytes_a_connection"] for each in measured)
    grown = statistics.median(with_clients[most]) - statistics.median(with_clients[fewest])
    return grown / (most - fewest)


def row_of(peer):
    return Row(ROW_PREFIX + peer.name, f"{peer.title}, {BYTES}-byte events",
               f"{peer.setup} Measured by `carillon bench`, at {ALONE_PER_S} events/s, where each event is delivered before the "
               "next is due, and at higher rates.",
               lambda bench: measure(bench, peer), figures)


ROWS = [row_of(peer) for peer in PEERS]

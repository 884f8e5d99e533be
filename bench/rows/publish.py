"""The publish API under one publisher that pipelines, compared with the same events through Redis."""

import statistics

from harness.figures import spread_of
from harness.gateway import ORION, configuration, gateway, load, redis
from harness.processes import free_port

from .row import Figure, Row, at_most

CLIENTS, EVENT_BYTES = 1_000, 256
JUDGED_PER_S = 1_000
PEERS_PER_S = 500  # what the comparison is made at
P50_MS_MAX = 5
BODY = '{"channel":"$channel","data":$data}'


def measure(bench):
    rounds, port = bench.pick(3, 1), free_port()
    runs = {"http": [], "redis": [], "http_500": []}
    for number in range(rounds):
        bench.log(f"{CLIENTS} clients, a request an event, then Redis: {number + 1} of {rounds}")
        with gateway(bench, configuration(ORION)) as server:
            for name, per_s in (("http", JUDGED_PER_S), ("http_500", PEERS_PER_S)):
                runs[name].append(run(bench, server, per_s, *by_http(server)))
        with redis(bench, port), gateway(bench, configuration(ORION, bus=f"redis://127.0.0.1:{port}")) as server:
            runs["redis"].append(run(bench, server, JUDGED_PER_S, "--publish", f"redis://127.0.0.1:{port}"))
    return runs


def by_http(server):
    """As to any other server: one event per request, up to 16 of which wait for their answers on one connection."""
    return ("--publish", f"http://127.0.0.1:{server.port}/v1/publish", "--publish-body", BODY,
            "--publish-header", f"Authorization: Bearer {server.environment['CARILLON_API_KEY']}")


def run(bench, server, per_s, *publish):
    return load(bench, server.environment, "--url", f"ws://127.0.0.1:{server.port}/ws", *publish, "--channel", "orion.bench",
                "--clients", CLIENTS, "--bytes", EVENT_BYTES, "--rate", per_s, "--duration", bench.pick("4s", "2s"),
                "--server-pid", server.pid)


def milliseconds(runs, name):
    return [each["latency_us"][name] / 1000 for each in runs]


def not_carried(runs):
    return sum(each[key] for each in runs
               for key in ("lost", "undelivered", "publish_refused", "publish_unacknowledged", "dropped"))


def figures(seen):
    for name, words, per_s, target in (("http", "publish API", JUDGED_PER_S, at_most(P50_MS_MAX)),
                                       ("redis", "through Redis", JUDGED_PER_S, None),
                                       ("http_500", "publish API", PEERS_PER_S, None)):
        runs = seen[name]
        p50, p99 = milliseconds(runs, "p50"), milliseconds(runs, "p99")
        load_is = f"{per_s:,}/s × {CLIENTS:,}, {words}"
        yield Figure(f"{load_is}: p50", statistics.median(p50), "ms", target, spread_of(p50),
                     f"p99 {statistics.median(p99):.1f} ms; "
                     f"{statistics.median(each['server']['cpu_us_a_delivery'] for each in runs):.2f} µs of CPU per delivery")
        if target:
            yield Figure(f"{load_is}: lost, refused or late", not_carried(runs), "", at_most(0))


PUBLISH = Row(
    "publish", "The publish API",
    f"{CLIENTS:,} clients, bodies of {EVENT_BYTES} bytes, one event per request, up to 16 requests without an answer on one "
    "connection; the gateway uses the memory bus. For comparison the same events are published to Redis, to which the gateway is "
    "subscribed; the rounds alternate. Latency is the time from when an event was due to its arrival.",
    measure, figures)

"""How fast clients can connect, compared with a server that does nothing but the handshake."""

import contextlib
import json
import statistics
import subprocess

from harness.figures import spread_of
from harness.gateway import ORION, configuration, gateway, load
from harness.processes import child, cpu_ns, output_of
from harness.tokens import of_user, rs256

from .row import Figure, Row, at_least, at_most

CLIENTS = 4_000


def measure(bench):
    rounds = bench.pick(8, 2)
    return {"handshakes": handshakes(bench, rounds), "tokens": known_tokens(bench, rounds)}


@contextlib.contextmanager
def floor_server(bench):
    command = [bench.build / "handshake_floor", "--core", bench.server_core]
    with child(command, bench.server_core, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process.pid, json.loads(process.stdout.readline())["port"]


def connect(bench, pid, port, environment, *options):
    before = cpu_ns(pid)
    seen = load(bench, environment, "--url", f"ws://127.0.0.1:{port}/ws", "--clients", CLIENTS, "--duration", "100ms",
                *options)
    return {"connects_per_s": seen["connects_per_s"], "p99_us": seen["handshake_us"]["p99"],
            "cpu_us": (cpu_ns(pid) - before) / 1000 / CLIENTS}


def handshakes(bench, rounds):
    """Every token is new to the gateway: nothing of it is in the cache."""
    bench.log(f"{rounds} times {CLIENTS} handshakes with HS256 tokens, and as often at the floor")
    pairs = []
    with gateway(bench, configuration(ORION)) as server, floor_server(bench) as (pid, port):
        for number in range(rounds):
            def ours(number=number):
                return connect(bench, server.pid, server.port, server.environment, "--users", CLIENTS)

            def floor():
                return connect(bench, pid, port, {})
            first, second = (ours, floor) if number % 2 == 0 else (floor, ours)
            one, two = first(), second()
            pairs.append({"carillon": one, "floor": two} if number % 2 == 0 else {"carillon": two, "floor": one})
    return pairs


def key_pair(bench):
    private, public = bench.scratch / "rs256.pem", bench.scratch / "rs256.pub"
    output_of(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", private])
    output_of(["openssl", "pkey", "-in", private, "-pubout", "-out", public])
    return private, public


def known_tokens(bench, rounds):
    bench.log(f"{rounds} times {CLIENTS} clients that come back, with an RS256 and with an HS256 token")
    private, public = key_pair(bench)
    tables = ('[keys.shared]\nalgorithms = ["HS256"]\nsecret = { env = "CARILLON_JWT_SECRET" }\n'
              f'[keys.pair]\nalgorithms = ["RS256"]\npublic_key = {{ file = "{public}" }}\n')
    with gateway(bench, configuration(ORION, tables=tables)) as server:
        tokens = {"RS256": rs256(of_user("bench"), private),
                  "HS256": output_of([bench.carillon, "token"], env=server.environment).strip()}
        for token in tokens.values():
            connect(bench, server.pid, server.port, {"CARILLON_TOKEN": token})
        return [{name: connect(bench, server.pid, server.port, {"CARILLON_TOKEN": tokens[name]})
                 for name in (("RS256", "HS256"), ("HS256", "RS256"))[number % 2]} for number in range(rounds)]


def figures(seen):
    pairs = seen["handshakes"]
    ratios = [pair["carillon"]["connects_per_s"] / pair["floor"]["connects_per_s"] for pair in pairs]
    cpu = {side: statistics.median(pair[side]["cpu_us"] for pair in pairs) for side in ("carillon", "floor")}
    rate = statistics.median(pair["carillon"]["connects_per_s"] for pair in pairs)
    yield Figure("connects/s with HS256, relative to a bare server", statistics.median(ratios), "", at_least(0.9),
                 spread_of(ratios), f"{rate:,.0f}/s; {cpu['carillon']:.1f} µs of server CPU per connection, from accept "
                                    f"to close, and {cpu['floor']:.1f} in the bare server")
    ratios = [pair["HS256"]["connects_per_s"] / pair["RS256"]["connects_per_s"] for pair in seen["tokens"]]
    cpu = {name: statistics.median(pair[name]["cpu_us"] for pair in seen["tokens"]) for name in ("RS256", "HS256")}
    yield Figure("reconnecting with a known RS256 token: time relative to HS256", statistics.median(ratios), "×",
                 at_most(1.2), spread_of(ratios),
                 f"{cpu['RS256']:.1f} and {cpu['HS256']:.1f} µs of server CPU per connection")


CONNECTS = Row(
    "connects", "Connecting",
    f"{CLIENTS:,} clients at a time, 64 handshakes in progress, `carillon bench` on the other core. The bare server only "
    "reads a request's head, computes Sec-WebSocket-Accept and writes the 101: no token, no limits, no routes. "
    "Each client of the first figure has a token that the gateway has never seen; those of the second share one that "
    "it has verified before.",
    measure, figures)

"""The gateway under measurement, and the clients that stand against it."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import secrets
import subprocess
import sys
import threading

from .processes import Failure, child, cpu_ns, json_lines, on_core, output_of, takes_connections, wait_until

BENCH = pathlib.Path(__file__).resolve().parents[1]
PING_KNOBS = 'keepalive.ping = "1h"\nkeepalive.timeout = "2h"\n'


def configuration(*, server="", bus="memory:", endpoints):
    """Pings are raised by knob: one in the middle of a phase is a write that no event has caused."""
    tables = "".join(f"[[endpoint]]\n{endpoint}\n{PING_KNOBS}" for endpoint in endpoints)
    return f'[server]\n{server or LISTEN}\n[bus]\nurl = "{bus}"\n{tables}'


LISTEN = 'listen = ["127.0.0.1:0"]\nshards = 1'


class Gateway:
    """A running `carillon serve`."""

    def __init__(self, process, ports, environment):
        self.process, self.ports, self.environment = process, ports, environment
        self.pid = process.pid
        self.port = ports[0]
        self.heard = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def publish(self, events):
        """[(channel, data)], in one request: they are in the log before anything is swept."""
        body = json.dumps([{"channel": channel, "data": data} for channel, data in events], separators=(",", ":"))
        self.heard.request("POST", "/v1/publish", body, {
            "Content-Type": "application/json", "Authorization": f"Bearer {self.environment['CARILLON_API_KEY']}"})
        answer = self.heard.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise Failure(f"publish was answered {answer.status}: {text[:200]!r}")

    def metric(self, name):
        """The sum of a metric over its labels."""
        self.heard.request("GET", "/metrics")
        text = self.heard.getresponse().read().decode()
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))

    def await_connections(self, count):
        wait_until(lambda: self.metric("carillon_connections") == count, f"{count} connections")

    def cpu_of(self, work):
        """Nanoseconds that it spent on some work, until it sleeps again."""
        before = cpu_ns(self.pid)
        work()
        return settled_cpu_ns(self.pid) - before


def settled_cpu_ns(pid):
    seen = [cpu_ns(pid)]

    def still():
        seen.append(cpu_ns(pid))
        return seen[-1] - seen[-2] < 20_000
    wait_until(still, "the server coming to rest", every_s=0.005)
    return seen[-1]


@contextlib.contextmanager
def gateway(bench, text, core=None):
    """`carillon serve` with this configuration; pinned to one core unless told otherwise."""
    file = bench.scratch / "gateway.toml"
    file.write_text(text)
    environment = {"CARILLON_JWT_SECRET": secrets.token_hex(32), "CARILLON_API_KEY": secrets.token_hex(32),
                   "PATH": os.environ.get("PATH", "")}
    command = [bench.carillon, "serve", "--config", file]
    with child(command, bench.server_core if core is None else core, env=environment, stderr=subprocess.PIPE,
               stdout=subprocess.DEVNULL) as process:
        ports = ready_ports(process)
        threading.Thread(target=drain, args=(process.stderr,), daemon=True).start()
        yield Gateway(process, ports, environment)


def drain(pipe):
    with contextlib.suppress(ValueError):
        for _ in pipe:
            pass


def ready_ports(process):
    said = []
    for line in process.stderr:
        said.append(line)
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if entry.get("message", entry.get("msg")) == "ready":
                return [int(each.rsplit(":", 1)[1]) for each in entry["listen"].split(",")]
    raise Failure("carillon did not become ready: " + " / ".join(said[-2:]).strip())


class Swarm:
    """Clients that are told what to do (swarm.py)."""

    def __init__(self, process):
        self.process = process

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the clients are gone"}
        if "error" in answer:
            raise Failure(answer["error"])
        return answer

    def connect(self, count):
        self.ask(f"connect {count}")

    def say(self, count, template):
        self.ask(f"say {count} {template}")

    def expect(self, events):
        """All of them have heard exactly so many events each since they connected."""
        answer = self.ask(f"await {events}")
        if answer["fewest"] != events or answer["most"] != events:
            raise Failure(f"the clients heard {answer['fewest']} to {answer['most']} events each, not {events}")


@contextlib.contextmanager
def swarm(bench, server, *options, port=None, path="/ws"):
    command = [sys.executable, "-m", "harness.swarm", "--port", port or server.port, "--path", path, *options]
    secret = {"CARILLON_JWT_SECRET": server.environment["CARILLON_JWT_SECRET"]}
    with child(command, bench.generator_core, cwd=BENCH, env={**os.environ, **secret}, stdin=subprocess.PIPE,
               stdout=subprocess.PIPE) as process:
        yield Swarm(process)


@contextlib.contextmanager
def redis(bench, port):
    """On the generator's core: the bus is not what is measured."""
    command = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
               "--client-output-buffer-limit", "pubsub 0 0 0"]
    with child(command, bench.generator_core, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: takes_connections(port), "redis-server")
        yield process


def load(bench, environment, *options, timeout_s=300):
    """One run of `carillon bench`, as its JSON. Exit code 1 (something was lost) is a result too."""
    command = [str(word) for word in (bench.carillon, "bench", "--json", "--core", bench.generator_core, *options)]
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=timeout_s, check=False, preexec_fn=on_core(bench.generator_core))
    if done.returncode > 1 or not done.stdout.lstrip().startswith("{"):
        raise Failure(f"carillon bench: {(done.stderr or done.stdout).strip()[-300:]}")
    return json.loads(done.stdout)


def fan_out(bench, *options):
    """The rows of one run of fan_out, which is one gateway with one set of clients."""
    command = [bench.build / "fan_out", "--core", bench.server_core, "--generator-core", bench.generator_core, *options]
    return json_lines(output_of(command, timeout_s=600))


def event_of(bytes_in_all):
    """An event's data whose JSON has so many bytes."""
    return {"text": "x" * (bytes_in_all - len('{"text":""}'))}

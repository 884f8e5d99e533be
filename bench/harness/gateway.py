"""The gateway under measurement, and what it is asked while it runs."""

import contextlib
import http.client
import json
import os
import re
import secrets
import subprocess
import threading

from .processes import Failure, child, cpu_ns, json_lines, on_cores, output_of, settled, takes_connections, wait_until

# The ping interval is raised: a ping in the middle of a phase is a write that no event has caused.
NO_PINGS = 'keepalive.ping = "1h"\nkeepalive.timeout = "2h"\n'
ORION = f'profile = "orion"\n{NO_PINGS}'
SERVICE = f'profile = "service"\n{NO_PINGS}'
PLAIN = '"127.0.0.1:0"'
SETTLED_CPU_NS = 20_000


def second_orion(more=""):
    """The orion protocol again, for other channels: so that two kinds of clients stand on one gateway, and an
    event goes to one kind only."""
    return f'name = "other"\npath = "/other"\nsource.channels = ["other.*"]\n{ORION}{more}'


def tls_address(bench):
    """A listen address with a certificate of its own, P-256."""
    cert, key = bench.scratch / "cert.pem", bench.scratch / "key.pem"
    output_of(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
               "-keyout", key, "-out", cert, "-days", "30", "-subj", "/CN=127.0.0.1"])
    return f'{{ addr = "127.0.0.1:0", tls = {{ cert = "{cert}", key = "{key}" }} }}'


def configuration(*endpoints, listen=(PLAIN,), shards=1, bus="memory:", server="", tables=""):
    joined = "".join(f"[[endpoint]]\n{endpoint}\n" for endpoint in endpoints)
    return (f'[server]\nlisten = [{", ".join(listen)}]\nshards = {shards}\n{server}\n[bus]\nurl = "{bus}"\n'
            f"{tables}\n{joined}")


class Gateway:
    """A running `carillon serve`."""

    def __init__(self, process, ports, environment):
        self.process, self.ports, self.environment = process, ports, environment
        self.pid = process.pid
        self.port = ports[0]
        self.http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def publish(self, events):
        """Publishes [(channel, data)] in one request: all events are in the log before any is sent."""
        body = json.dumps([{"channel": channel, "data": data} for channel, data in events], separators=(",", ":"))
        self.http.request("POST", "/v1/publish", body, {
            "Content-Type": "application/json", "Authorization": f"Bearer {self.environment['CARILLON_API_KEY']}"})
        answer = self.http.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise Failure(f"publish was answered {answer.status}: {text[:200]!r}")

    def metric(self, name):
        """The sum of a metric over its labels."""
        self.http.request("GET", "/metrics")
        text = self.http.getresponse().read().decode()
        return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.M))

    def await_connections(self, count):
        wait_until(lambda: self.metric("carillon_connections") == count, f"{count} connections")

    def cpu_of(self, work):
        """Nanoseconds of CPU that it spent on some work, until it is idle again."""
        before = settled(lambda: cpu_ns(self.pid), "the server coming to rest", SETTLED_CPU_NS)
        work()
        return settled(lambda: cpu_ns(self.pid), "the server coming to rest", SETTLED_CPU_NS) - before


@contextlib.contextmanager
def gateway(bench, text, cores=None, under=()):
    """`carillon serve` with this configuration; pinned to the server's core unless `cores` is given. `under`: a command
    that starts it."""
    file = bench.scratch / "gateway.toml"
    file.write_text(text)
    environment = {"CARILLON_JWT_SECRET": secrets.token_hex(32), "CARILLON_API_KEY": secrets.token_hex(32),
                   "PATH": os.environ.get("PATH", "")}
    command = [*under, bench.carillon, "serve", "--config", file]
    with child(command, cores or bench.server_core, env=environment, stderr=subprocess.PIPE,
               stdout=subprocess.DEVNULL) as process:
        ports = ready_ports(process)
        threading.Thread(target=drain, args=(process.stderr,), daemon=True).start()
        yield Gateway(process, ports, environment)


def drain(pipe):
    with contextlib.suppress(ValueError):
        for _ in pipe:
            pass


def ready_ports(process):
    lines = []
    for line in process.stderr:
        lines.append(line)
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            if entry.get("message") == "ready":
                return [int(each.rsplit(":", 1)[1]) for each in entry["listen"].split(",")]
    raise Failure("carillon did not become ready: " + " / ".join(lines[-2:]).strip())


@contextlib.contextmanager
def redis(bench, port):
    """On the generator's core: the bus is not what is measured."""
    command = ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
               "--client-output-buffer-limit", "pubsub 0 0 0"]
    with child(command, bench.generator_core, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_until(lambda: takes_connections(port), "redis-server")
        yield process


def load_command(bench, *options):
    return [str(word) for word in (bench.carillon, "bench", "--json", "--core", bench.generator_core, *options)]


def load_result(done):
    """What `carillon bench` has reported. Exit code 1 (something was lost) is a result too."""
    if done.returncode > 1 or not done.stdout.lstrip().startswith("{"):
        raise Failure(f"carillon bench: {(done.stderr or done.stdout).strip()[-300:]}")
    return json.loads(done.stdout)


def load(bench, environment, *options, timeout_s=300):
    """One run of `carillon bench`, as its JSON."""
    try:
        return load_result(subprocess.run(load_command(bench, *options), env={**os.environ, **environment},
                                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout_s,
                                          check=False, preexec_fn=on_cores(bench.generator_core)))
    except subprocess.TimeoutExpired:  # whose own text would put the command line, keys and all, into a result
        raise Failure(f"carillon bench did not end within {timeout_s} s") from None


def orion_load(bench, server, *options, timeout_s=300):
    """The same against the orion endpoint of a gateway, published to by its API."""
    return load(bench, server.environment, "--url", f"ws://127.0.0.1:{server.port}/ws", "--publish",
                f"http://127.0.0.1:{server.port}/v1/publish", "--channel", "orion.bench", "--server-pid", server.pid,
                *options, timeout_s=timeout_s)


def fan_out(bench, *options):
    """The rows of one run of fan_out, which is one gateway with one set of clients."""
    command = [bench.build / "fan_out", "--core", bench.server_core, "--generator-core", bench.generator_core, *options]
    return json_lines(output_of(command, timeout_s=600))


def event_of(bytes_in_all):
    """An event's data whose JSON has so many bytes."""
    return {"text": "x" * (bytes_in_all - len('{"text":""}'))}

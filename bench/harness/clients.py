"""Swarm: clients in a process of their own that follow commands (swarm.py)."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys

from .processes import Failure, child

BENCH = pathlib.Path(__file__).resolve().parents[1]


class Swarm:
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

    def visit(self, count):
        self.ask(f"visit {count}")

    def send(self, count, template):
        self.ask(f"send {count} {template}")

    def expect(self, events):
        """Waits until each client has received exactly this many events since it connected."""
        answer = self.ask(f"await {events}")
        if answer["fewest"] != events or answer["most"] != events:
            raise Failure(f"the clients received {answer['fewest']} to {answer['most']} events each, not {events}")
        return answer


@contextlib.contextmanager
def swarm(bench, server, *options, port=None, path="/ws"):
    command = [sys.executable, "-m", "harness.swarm", "--port", port or server.port, "--path", path, *options]
    secret = {"CARILLON_JWT_SECRET": server.environment["CARILLON_JWT_SECRET"]}
    with child(command, bench.generator_core, cwd=BENCH, env={**os.environ, **secret}, stdin=subprocess.PIPE,
               stdout=subprocess.PIPE) as process:
        yield Swarm(process)

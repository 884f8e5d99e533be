"""Resumers: clients in a process of their own that are cut off and come back with their positions (bench/resume)."""

import contextlib
import json
import os
import subprocess

from .processes import Failure, child


class Resumers:
    def __init__(self, process, clients):
        self.process, self.clients = process, clients

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Failure("the clients that resume are gone")
        return json.loads(line)

    def prepare(self, command):
        """A step before what is measured: it must succeed for each client."""
        seen = self.ask(command)
        if seen["complete"] != self.clients or seen["out_of_order"]:
            raise Failure(f"{command}: {seen}")

    def connect(self, last):
        """All connect, with their positions, until each has every event up to number `last`."""
        return self.ask(f"connect {last}")

    def cut(self):
        self.ask("cut")


@contextlib.contextmanager
def resumers(bench, port, path, protocol, clients, channels, token=""):
    command = [bench.build / "resumers", "--port", port, "--path", path, "--protocol", protocol, "--clients", clients,
               "--channels", channels, "--core", bench.generator_core]
    with child(command, bench.generator_core, env={**os.environ, "CARILLON_TOKEN": token}, stdin=subprocess.PIPE,
               stdout=subprocess.PIPE) as process:
        yield Resumers(process, clients)

"""Bench: what every row is given: where the programs are, which cores are whose, and how thorough to be."""

import dataclasses
import os
import pathlib
import sys


@dataclasses.dataclass(frozen=True)
class Bench:
    build: pathlib.Path  # of the preset `bench`
    quick: bool = False

    # The server has one core to itself, and everything else the other. On a machine with one core they share it.
    server_core: int = 0
    generator_core: int = min(1, (os.cpu_count() or 1) - 1)

    @property
    def carillon(self):
        return self.build / "carillon"

    @property
    def scratch(self):
        """For configurations, certificates, what is installed for a peer."""
        folder = self.build / "scratch"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def pick(self, whole, quick):
        return quick if self.quick else whole

    def log(self, text):
        print(f"bench:   {text}", file=sys.stderr, flush=True)

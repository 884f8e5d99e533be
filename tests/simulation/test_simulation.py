"""The simulator itself: what it promises of a seed. The seeds are run by tools/run_tests.py."""

import pathlib
import subprocess
import sys
import unittest

BUILD = pathlib.Path(__file__).resolve().parent.parent.parent / "build"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import mutations  # noqa: E402

RELEASE = BUILD / "release" / "simulation"


def simulate(program, *arguments):
    return subprocess.run([program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=120, check=False)


def hash_of(program, seed):
    finished = simulate(program, "--seed", seed)
    assert finished.returncode == 0, finished.stdout
    return finished.stdout.split("hash ")[-1].strip()


class Simulation(unittest.TestCase):
    def test_a_seed_replays_to_the_byte(self):
        first, second = (simulate(RELEASE, "--seed", 7, "--trace").stdout for _ in range(2))
        self.assertGreater(len(first.splitlines()), 2000)
        self.assertEqual(first, second)

    def test_other_seeds_have_other_traces(self):
        self.assertNotEqual(hash_of(RELEASE, 1), hash_of(RELEASE, 2))

    def test_every_mutation_still_has_its_place_in_the_code(self):
        for name, pattern, _ in mutations.MUTATIONS:
            self.assertEqual(len(mutations.places_of(pattern, mutations.ROOT)), 1, name)

    def test_wrong_arguments_are_answered_with_the_usage(self):
        for arguments in (["--seeds"], ["--seeds", "x"], ["--sed", "1"], ["--seed", "1x"]):
            finished = simulate(RELEASE, *arguments)
            self.assertEqual((finished.returncode, finished.stdout[:6]), (2, "usage:"), arguments)


if __name__ == "__main__":
    unittest.main()

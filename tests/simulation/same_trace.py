"""Whether two builds of the simulator take the same steps for a seed: same_trace.py PROGRAM PROGRAM"""

import sys

from test_simulation import hash_of

SEEDS = (1, 2, 3)

if __name__ == "__main__":
    one, other = sys.argv[1:]
    for seed in SEEDS:
        hashes = hash_of(one, seed), hash_of(other, seed)
        if hashes[0] != hashes[1]:
            sys.exit(f"seed {seed} has the trace {hashes[0]} in {one} and {hashes[1]} in {other}")

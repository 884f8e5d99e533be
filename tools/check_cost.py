"""Holds what the hot path costs: instructions a delivery, counted by callgrind on a fixed small run; and the bytes
that an idle connection takes.

tests/cost/recorded.json has the figures. One that grows by more than 3 % fails until the recorded figure is
changed in the same commit (--record writes what was counted), so that a cost is never added unnoticed.
One that shrinks by more fails as well: a stale record would let the gain be lost again unseen.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import suites

RECORDED = suites.ROOT / "tests" / "cost" / "recorded.json"
MARGIN = 0.03
ROUNDS = (20, 60)  # of a thousand deliveries or more; of messages, a hundred times as many
CLIENTS = (500, 4500)
IDLE_ROW = "bytes of an idle connection"
SECONDS_MAX = 120


class Failure(Exception):
    pass


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=SECONDS_MAX,
                          check=False)
    if done.returncode != 0:
        raise Failure(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done


def count(binary, row, rounds):
    """Instructions of a whole run, and what it has done."""
    done = run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", binary, row, rounds])
    collected = next((line for line in done.stderr.splitlines() if "Collected :" in line), None)
    if collected is None:
        raise Failure("callgrind did not report what it collected")
    return int(collected.rsplit(":", 1)[1]), int(done.stdout)


def cost_of(binary, row):
    """The slope between two lengths, so that setting up and taking down do not count."""
    factor = 100 if row.startswith("message") else 1
    short, long = (count(binary, row, rounds * factor) for rounds in ROUNDS)
    return (long[0] - short[0]) / (long[1] - short[1])


def bytes_of_idle(binary):
    short, long = (int(run([binary, clients]).stdout) for clients in CLIENTS)
    return (long - short) / (CLIENTS[1] - CLIENTS[0])


def judge(row, counted, recorded):
    """None when it is as recorded; otherwise what to do."""
    if recorded is None:
        return f"{row}: {counted:.1f}, and none recorded: run tools/check_cost.py --record"
    if abs(counted - recorded) <= MARGIN * recorded:
        return None
    way = "more" if counted > recorded else "less"
    return (f"{row}: {counted:.1f}, {abs(counted / recorded - 1):.0%} {way} than the recorded "
            f"{recorded:.1f}; fix it, or record it in this commit with tools/check_cost.py --record and explain why")


def costs(folder):
    """(row, how to count it)."""
    deliveries = folder / "delivery_cost"
    for row in run([deliveries]).stdout.splitlines():
        yield row, lambda row=row: cost_of(deliveries, row)
    yield IDLE_ROW, lambda: bytes_of_idle(folder / "idle_cost")


def check(folder, recorded):
    counted = {}
    problems = []
    for row, count_it in costs(folder):
        counted[row] = round(count_it(), 1)
        problem = judge(row, counted[row], recorded.get(row))
        print(f"{counted[row]:>10.1f}  {row}" + (f"   FAIL: {problem}" if problem else ""))
        if problem:
            problems.append(problem)
    problems += [f"{row}: recorded, and no longer counted" for row in recorded.keys() - counted.keys()]
    return counted, problems


def main():
    parser = argparse.ArgumentParser(description="Instructions a delivery and bytes a connection, against the "
                                                 "recorded figures.")
    parser.add_argument("--build", type=pathlib.Path, default=suites.ROOT / "build/release")
    parser.add_argument("--record", action="store_true", help="write what was counted")
    arguments = parser.parse_args()
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    try:
        counted, problems = check(arguments.build, recorded)
    except (Failure, OSError, subprocess.TimeoutExpired) as failure:
        counted, problems = {}, [str(failure)]
    if arguments.record and counted:
        RECORDED.write_text(json.dumps(counted, indent=1) + "\n")
        problems = []
    for problem in problems:
        print(f"check_cost: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

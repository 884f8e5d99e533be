"""Measures the rows of the benchmark one after the other, and writes the page from the results.

Each row's result is written to disk at once, and a later run of the same commit reuses it. The results of whole runs are
committed with the page (docs/benchmarks/results), so that measuring one row again keeps the others. Every process that a row
starts has ended when the row is done.
"""

import argparse
import datetime
import os
import pathlib
import subprocess
import sys
import time

from harness import machine, store
from harness.bench import Bench
from harness.figures import written, written_spread
from harness.processes import Failure, Skipped
from page import page
from rows.plan import ROWS

ROOT = pathlib.Path(__file__).resolve().parents[1]


def result_of(row, bench):
    """The row's result: what was measured, why it was skipped, or how it failed."""
    begun, load_before = time.monotonic(), os.getloadavg()[0]
    result = {"row": row.name, "commit": machine.commit(), "quick": bench.quick, "machine": machine.describe(),
              "date": datetime.date.today().isoformat(), "load_before": load_before}
    try:
        result |= {"status": store.MEASURED, "seen": row.measure(bench)}
    except Skipped as skipped:
        result |= {"status": store.SKIPPED, "reason": str(skipped)}
    except (Failure, OSError, subprocess.SubprocessError, KeyError, ValueError, IndexError) as failure:
        result |= {"status": store.FAILED, "reason": f"{type(failure).__name__}: {failure}"}
    return result | {"seconds": round(time.monotonic() - begun, 1)}


def print_figures(row, result):
    """Each figure, as the page will have it."""
    if result["status"] != store.MEASURED:
        print(f"  {result['status']}: {result['reason']}", flush=True)
        return
    for figure in row.figures_of(result):
        verdict = "" if figure.target is None else "  met" if figure.target.holds(figure.value) else "  MISSED"
        spread = f" ({written_spread(figure.spread)})" if figure.spread else ""
        print(f"  {figure.what}: {written(figure.value)} {figure.unit}{spread}{verdict}", flush=True)


def measure(bench, rows, results, fresh):
    for number, row in enumerate(rows, 1):
        print(f"bench: {row.title} [{row.name}, {number} of {len(rows)}]", flush=True)
        result = results.load(row.name)
        if fresh or not store.can_be_taken_over(result, machine.commit(), bench.quick):
            result = result_of(row, bench)
            results.save(result)
            print(f"  {result['seconds']:.0f} s", flush=True)
        else:
            print(f"  measured before, on {result['date']}, at this commit: taken over", flush=True)
        print_figures(row, result)


def chosen(arguments):
    by_name = {row.name: row for row in ROWS}
    unknown = [name for name in arguments.row if name not in by_name]
    if unknown:
        sys.exit(f"bench: no row {unknown[0]!r}; there are: {', '.join(by_name)}")
    if arguments.row:
        return [row for row in ROWS if row.name in arguments.row]
    return [row for row in ROWS if not row.on_demand or (arguments.million and row.name == "million")]


def parsed():
    parser = argparse.ArgumentParser(prog="bench/run", description="Measures Carillon on this machine, and writes "
                                                                   "docs/benchmarks.md from what it sees.")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "bench", help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter, to see that it works; the page goes to "
                                                             "build/bench/quick, not to docs")
    parser.add_argument("--row", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured at this commit before")
    parser.add_argument("--million", action="store_true", help="also the row of a million connections")
    parser.add_argument("--page", action="store_true", help="measure nothing: only write the page anew")
    parser.add_argument("--list", action="store_true", help="name the rows, and leave")
    return parser.parse_args()


def main():
    arguments = parsed()
    rows = chosen(arguments)
    if arguments.list:
        print("\n".join(f"{row.name:<16} {row.title}" for row in ROWS))
        return
    build = arguments.build.resolve()
    bench = Bench(build, arguments.quick)
    results = store.Store(build / "quick" / "results" if arguments.quick else ROOT / "docs" / "benchmarks" / "results")
    if not arguments.page:
        measure(bench, rows, results, arguments.fresh)
    docs = build / "quick" if arguments.quick else ROOT / "docs"
    seen = results.all([row.name for row in ROWS])
    print(f"bench: {page.write(docs, ROWS, seen)}")
    if not arguments.quick:
        page.quote(ROOT / "README.md", ROWS, seen)
    failed = [row.name for row in rows if seen.get(row.name, {}).get("status") == store.FAILED]
    if failed and not arguments.page:
        sys.exit(f"bench: failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()

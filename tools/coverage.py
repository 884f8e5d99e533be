"""Runs the tests against builds that count executed lines, and prints the line coverage by folder of src/.

    coverage.py [NAME...]     NAME: only suites whose name holds one of the words
"""

import json
import os
import subprocess
import sys

import run_tests
import suites
from suites import ROOT

BUILD = ROOT / "build" / "coverage"
# Tests, and headers that only tests include, are not what is measured.
EXCLUDED = (r".*_test\.cc", r".*_bench\.cc", r".*/testing/.*")


def by_folder(report):
    """{folder of src/: (covered lines, lines)} of a JSON report of gcovr."""
    folders = {}
    for file in report["files"]:
        parts = file["file"].split("/")
        if parts[0] != "src" or len(parts) < 3:
            continue
        counts = [line["count"] for line in file["lines"] if not line.get("gcovr/noncode")]
        covered, lines = folders.get(parts[1], (0, 0))
        folders[parts[1]] = covered + sum(count > 0 for count in counts), lines + len(counts)
    return folders


def table(folders):
    """The lines to print, with the whole last."""
    whole = tuple(sum(column) for column in zip(*folders.values(), strict=True)) if folders else (0, 0)
    rows = [*sorted(folders.items()), ("all", whole)]
    return [f"{name:<12} {100 * covered / max(lines, 1):5.1f} %  {covered:>6} of {lines:>6} lines"
            for name, (covered, lines) in rows]


def gcovr():
    out = BUILD / "coverage.json"
    excludes = [word for pattern in EXCLUDED for word in ("--exclude", pattern)]
    subprocess.run(["gcovr", "--root", ROOT, "--filter", "src/", *excludes, "--gcov-ignore-parse-errors",
                    "-j", str(os.cpu_count() or 1), "--json", out, BUILD], cwd=ROOT, check=True)
    return json.loads(out.read_text())


def main():
    for counters in BUILD.rglob("*.gcda"):  # of an earlier run
        counters.unlink()
    report = suites.Report("coverage")
    # The integration tests start whatever program this names.
    os.environ["CARILLON_BINARY"] = str(BUILD / "carillon")
    for name, run in (*run_tests.planned_together(False, BUILD), *run_tests.planned_alone(False)):
        wanted = name.startswith(("unit/", "integration/"))
        if wanted and (not sys.argv[1:] or any(word in name for word in sys.argv[1:])):
            report.add(run(name))
    print(*table(by_folder(gcovr())), sep="\n")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())

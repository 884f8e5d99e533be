"""Runs what ./test has built: the checks of tools/, the unit tests, the integration tests.

    run_tests.py [--long] [NAME...]     NAME: only suites whose name holds one of the words
"""

import argparse
import concurrent.futures
import os
import sys

import suites
from suites import ROOT

INTEGRATION = ROOT / "tests" / "integration"
FUZZ = ROOT / "tests" / "fuzz"
PYTHON_TESTS = (ROOT / "tools", ROOT / "bench", ROOT / "tests" / "simulation")
CHECKS = ("check_layers", "check_headers", "check_style", "check_format", "check_wire", "check_reliability",
          "check_profiles", "check_logs", "check_cost")
TOGETHER = 3  # of the suites that may run at the same time; some of them wait more than they compute
# Integration suites that check pages and texts: a busy machine does not make them fail.
ABOUT_TEXTS = ("dev_page", "http_api_page", "monitoring", "operating_reference", "protocol_pages", "protocol_snippets",
               "publishing_page")
TIMEOUT_S = 240
TIMEOUT_LONG_S = 900
SEEDS = 500
SEEDS_LONG = 20_000
TIMEOUT_SIMULATION_S = 600
TIMEOUT_MUTATIONS_S = 7200


def planned_together(long, build=ROOT / "build" / "release"):
    """(name, how to run it) of what needs no quiet machine: the quickest and most informative come first. `build`
    has the unit tests."""
    for check in CHECKS:
        yield f"tools/{check}", lambda n, c=check: suites.run_check(n, [sys.executable, ROOT / "tools" / f"{c}.py"])
    for file in sorted(file for folder in PYTHON_TESTS for file in folder.glob("test_*.py")):
        yield f"{file.parent.name}/{file.stem}", lambda n, f=file: suites.run_unittest(n, f, TIMEOUT_S)
    yield from integration(ROOT / "clients" / "js" / "test", "clients/js", TIMEOUT_S)
    for folder in suites.unit_suites():
        yield f"unit/{folder}", lambda n, f=folder: suites.run_gtest(n, build / f"{f}_test")
    # The fuzz targets with their seeds, so that one that does not compile or fails on a seed shows before CI.
    for source in sorted(FUZZ.glob("*_fuzz.cc")):
        yield f"fuzz/{source.stem}", lambda n, t=source.stem: suites.run_check(
            n, [build / "tests" / "fuzz" / t, FUZZ / "corpus" / t], TIMEOUT_S)
    yield from (suite for suite in integration(INTEGRATION, "integration", TIMEOUT_S) if is_about_texts(suite))
    program = ROOT / "build" / "release" / "simulation"
    for first, name in simulated(long):
        yield name, lambda n, f=first: suites.run_check(n, [program, "--seed", f, "--seeds", SEEDS], TIMEOUT_SIMULATION_S)


def simulated(long):
    """The first seed of each part, and its name. A part is short enough for a busy machine, and two run at once."""
    if not long:
        return [(1, "simulation/seeds")]
    return [(first, f"simulation/seeds_from_{first}") for first in range(1, SEEDS_LONG, SEEDS)]


def planned_alone(long):
    """What measures or waits for times, which would suffer; and the mutations, which build on all cores."""
    yield from (suite for suite in integration(INTEGRATION, "integration", TIMEOUT_S) if not is_about_texts(suite))
    if long:
        yield "simulation/mutations", lambda n: suites.run_check(
            n, [sys.executable, ROOT / "tests" / "simulation" / "mutations.py"], TIMEOUT_MUTATIONS_S)
        yield from integration(INTEGRATION / "long", "long", TIMEOUT_LONG_S)
        yield from integration(ROOT / "tests" / "packages", "long", TIMEOUT_LONG_S)
        yield from integration(INTEGRATION / "long" / "faults", "faults", TIMEOUT_LONG_S)


def is_about_texts(suite):
    return suite[0].removeprefix("integration/") in ABOUT_TEXTS


def integration(folder, group, timeout_s):
    for file in sorted(folder.glob("*.test.mjs")):
        name = file.name.removesuffix(".test.mjs")
        yield f"{group}/{name}", lambda n, f=file: suites.run_node(n, f, timeout_s)
    for file in sorted(folder.glob("*_test.py")):
        yield f"{group}/{file.stem}", lambda n, f=file: suites.run_unittest(n, f, timeout_s)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", help="add the real-time, load and fault tests")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    report = suites.Report("test")
    if arguments.long:
        os.environ["CARILLON_LONG"] = "1"
    def is_wanted(suite):
        return not arguments.names or any(word in suite[0] for word in arguments.names)

    with concurrent.futures.ThreadPoolExecutor(TOGETHER) as pool:
        for outcome in pool.map(lambda suite: suite[1](suite[0]), filter(is_wanted, planned_together(arguments.long))):
            report.add(outcome)
    for name, run in filter(is_wanted, planned_alone(arguments.long)):
        report.add(run(name))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())

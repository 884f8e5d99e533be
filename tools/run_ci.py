"""The part of .ci/run after ./test: clang-tidy, actionlint, Clang's warnings, the sanitizers, the fuzz targets.

Sums with what ./test has left in build/results, and ends with `N passed, N failed`.
"""

import concurrent.futures
import json
import os
import pathlib
import shutil
import sys
import tempfile

import suites
from suites import ROOT, Outcome

BUILD_TIMEOUT_S = 2400
TIDY_TIMEOUT_S = 1800
ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.7"
SEEDS = 50  # of the simulator, with AddressSanitizer
FUZZ_SECONDS = 30
FUZZ_RSS_MB = 1024
# Where more than one thread is at work; the pure folders have none to race with.
THREADED = ("api", "app", "auth", "bus", "client", "fanout", "fetch", "gateway", "history", "loadgen", "reactor")
SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}


def build(name, preset, targets, *arguments):
    """Configures and builds; None when it went well, else what to report."""
    for command in (["cmake", "--preset", preset, *arguments],
                    ["cmake", "--build", ROOT / "build" / preset, *(["--target", *targets] if targets else [])]):
        outcome = suites.run_check(name, command, BUILD_TIMEOUT_S)
        if outcome.failed:
            return outcome
    return outcome


def clang(report):
    # The tests are held to the same warnings by the sanitizers' builds, with GCC. The benchmarks are built
    # here, for nothing else in CI would notice that one does not compile any more.
    report.add(build("clang/-Werror", "clang", [], "-DCARILLON_WERROR=ON", "-DCARILLON_TESTS=OFF",
                     "-DCARILLON_BENCH=ON"))


def lint(report):
    """What has changed, by clang-tidy; and the workflows, by a linter that Go fetches and caches itself."""
    report.add(suites.run_check("clang-tidy", [sys.executable, ROOT / "tools" / "check_tidy.py"], TIDY_TIMEOUT_S))
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    report.add(suites.run_check("actionlint", ["go", "run", ACTIONLINT, *workflows]))


def sanitizer(report, preset, folders):
    built = build(f"{preset}/build", preset, [f"{folder}_test" for folder in folders])
    if built.failed:
        report.add(built)
        return
    for folder in folders:
        report.add(suites.run_gtest(f"{preset}/{folder}", ROOT / "build" / preset / f"{folder}_test",
                                    timeout_s=600, env=SANITIZER_ENV))


def simulation(report):
    built = build("asan/simulation-build", "asan", ["simulation"])
    if built.failed:
        report.add(built)
        return
    debug, release = (ROOT / "build" / preset / "simulation" for preset in ("asan", "release"))
    report.add(suites.run_check("asan/simulation", [debug, "--seeds", SEEDS], BUILD_TIMEOUT_S, SANITIZER_ENV))
    report.add(suites.run_check("asan/same-trace",
                                [sys.executable, ROOT / "tests" / "simulation" / "same_trace.py", debug, release]))


def fuzz_one(name):
    """One target for 30 s from a copy of its corpus, so that what it finds does not land in the tree."""
    found = sorted((ROOT / "build" / "fuzz").rglob(name))
    programs = [path for path in found if path.is_file() and os.access(path, os.X_OK)]
    if not programs:
        return Outcome(f"fuzz/{name}", 0, 1, 0.0, f"{name} was not built\n")
    corpus = ROOT / "tests" / "fuzz" / "corpus" / name
    if not corpus.is_dir():
        corpus = ROOT / "tests" / "fuzz" / "corpus" / name.removesuffix("_fuzz")
    artifacts = ROOT / "build" / "fuzz-findings" / name
    artifacts.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        copies = [scratch, str(corpus)] if corpus.is_dir() else [scratch]
        return suites.run_check(
            f"fuzz/{name}",
            [programs[0], f"-max_total_time={FUZZ_SECONDS}", f"-rss_limit_mb={FUZZ_RSS_MB}", "-timeout=10",
             f"-artifact_prefix={artifacts}/", "-print_final_stats=1", *copies],
            timeout_s=FUZZ_SECONDS * 4)


def fuzz(report):
    targets = sorted(path.stem for path in (ROOT / "tests" / "fuzz").glob("*_fuzz.cc"))
    built = build("fuzz/build", "fuzz", [])
    if built.failed or not targets:
        built.failed = max(built.failed, 1)
        built.output += "\ntests/fuzz has no target\n" if not targets else ""
        report.add(built)
        return
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for outcome in pool.map(fuzz_one, targets):
            report.add(outcome)


def add_earlier(report):
    """What ./test counted; a ./test that left nothing has failed."""
    try:
        counts = json.loads((suites.RESULTS / "test.json").read_text())
    except (OSError, ValueError):
        counts = {"passed": 0, "failed": 1}
        print("./test did not get as far as its tests")
    report.passed += counts["passed"]
    report.failed += counts["failed"]


def main():
    shutil.rmtree(ROOT / "build" / "fuzz-findings", ignore_errors=True)
    report = suites.Report("ci")
    add_earlier(report)
    lint(report)
    clang(report)
    sanitizer(report, "asan", suites.unit_suites())
    simulation(report)
    sanitizer(report, "tsan", THREADED)
    fuzz(report)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())

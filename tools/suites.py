"""Suites: a program that runs tests, and how to count what it did.

A suite that crashes, times out or runs nothing has failed, whatever its exit code is; its output is
shown whole. A green one is one line.
"""

import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "results"
SLOWEST_SHOWN = 8


@dataclasses.dataclass
class Outcome:
    name: str
    passed: int
    failed: int
    seconds: float
    output: str  # shown when anything failed


@dataclasses.dataclass
class Finished:
    """What a child left behind. `code` is None when it had to be killed."""

    code: int | None
    output: str
    seconds: float


def run_process(command, timeout_s, env=None, cwd=ROOT):
    """Runs a command in a process group of its own, and takes the whole group down when time is up."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            [str(part) for part in command], cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env={**os.environ, **(env or {})}, start_new_session=True)
        try:
            code = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = None
        except KeyboardInterrupt:
            end_group(child)
            raise
        if code is None:
            end_group(child)
        log.seek(0)
        output = log.read().decode("utf-8", "replace")
    return Finished(code, output, time.monotonic() - started)


def end_group(child):
    """SIGTERM lets a test take down the servers that it started; SIGKILL follows."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, sign)
            child.wait(3)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def judge(name, finished, passed, failed, note=""):
    """The counts of a suite, with what went wrong around its tests counted as one more failure."""
    if finished.code is None:
        note = f"killed: not done after {finished.seconds:.0f} s"
    elif finished.code < 0:
        note = f"crashed: {signal.Signals(-finished.code).name}"
    elif passed + failed == 0:
        note = note or f"ran no test (exit code {finished.code})"
    elif finished.code != 0 and failed == 0:
        note = f"exit code {finished.code} though no test failed"
    else:
        return Outcome(name, passed, failed, finished.seconds, finished.output)
    return Outcome(name, passed, failed + 1, finished.seconds, f"{finished.output}\n{name}: {note}\n")


def run_gtest(name, binary, timeout_s=300, env=None):
    if not pathlib.Path(binary).exists():
        return Outcome(name, 0, 1, 0.0, f"{binary} was not built\n")
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        command = [binary, f"--gtest_output=json:{report}", "--gtest_color=no"]
        if "CARILLON_LONG" not in os.environ:
            command.append("--gtest_filter=-Long*")
        finished = run_process(command, timeout_s, env)
        try:
            counts = json.loads(report.read_text())
            failed = counts["failures"] + counts["errors"]
            skipped = sum(case.get("result") == "SKIPPED"
                          for suite in counts["testsuites"] for case in suite["testsuite"])
            # A skipped test has shown nothing, and a disabled one is hidden: neither is green.
            hidden = skipped + counts["disabled"]
            return judge(name, finished, counts["tests"] - failed - hidden, failed + hidden)
        except (OSError, ValueError, KeyError):
            # No report: it died on the way. What it had passed until then still counts.
            passed = len(re.findall(r"^\[       OK \]", finished.output, re.M))
            failed = len(re.findall(r"^\[  FAILED  \] .* \(\d+ ms\)$", finished.output, re.M))
            outcome = judge(name, finished, passed, failed)
            if outcome.failed == failed:
                outcome.failed += 1
                outcome.output += f"\n{name}: wrote no report (exit code {finished.code})\n"
            return outcome


def run_counted(name, command, timeout_s, env=None):
    """Runs a program that writes {"passed": N, "failed": N} to the file named by TEST_COUNTS."""
    with tempfile.TemporaryDirectory() as folder:
        counts_file = pathlib.Path(folder) / "counts.json"
        finished = run_process(command, timeout_s, {**(env or {}), "TEST_COUNTS": str(counts_file)})
        try:
            counts = json.loads(counts_file.read_text())
            return judge(name, finished, counts["passed"], counts["failed"])
        except (OSError, ValueError, KeyError):
            return judge(name, finished, 0, 0, f"wrote no counts (exit code {finished.code})")


def run_node(name, file, timeout_s):
    reporter = ROOT / "tests" / "integration" / "reporter.mjs"
    return run_counted(name, ["node", f"--test-reporter={reporter}", "--test-reporter-destination=stdout", file],
                       timeout_s)


def run_unittest(name, file, timeout_s):
    return run_counted(name, [sys.executable, ROOT / "tools" / "run_unittest.py", file], timeout_s)


def run_check(name, command, timeout_s=300, env=None):
    """A program that is one test: its exit code."""
    finished = run_process(command, timeout_s, env)
    green = finished.code == 0
    return judge(name, finished, int(green), int(not green))


class Report:
    """Prints each suite as it ends, and keeps the sums for the last line and for .ci/run."""

    def __init__(self, stage):
        self.stage = stage
        self.passed = 0
        self.failed = 0
        self.seconds = {}

    def add(self, outcome):
        self.passed += outcome.passed
        self.failed += outcome.failed
        self.seconds[outcome.name] = round(outcome.seconds, 1)
        word = "ok  " if outcome.failed == 0 else "FAIL"
        line = f"{word} {outcome.name:<44} {outcome.passed:>5} passed"
        if outcome.failed:
            rule = "-" * 100
            print(f"{rule}\n{outcome.output.rstrip()}\n{rule}")
            line += f", {outcome.failed} failed"
        print(f"{line}  {outcome.seconds:7.1f} s", flush=True)

    def save(self):
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{self.stage}.json").write_text(
            json.dumps({"passed": self.passed, "failed": self.failed, "seconds": self.seconds}, indent=1))

    def print_slowest(self):
        """Where the time went, so that a suite that grows too slow is noticed and moved to --long."""
        if len(self.seconds) > SLOWEST_SHOWN:
            slowest = sorted(self.seconds.items(), key=lambda each: -each[1])[:SLOWEST_SHOWN]
            print(f"{sum(self.seconds.values()):.0f} s in all; the slowest: "
                  + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in slowest))

    def finish(self):
        """The closing line; the exit code to leave with."""
        if self.passed + self.failed == 0:
            print("no suite ran")
            self.failed = 1
        self.save()
        self.print_slowest()
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0


def unit_suites():
    """The folders of src/ that hold tests: each must have its program, so that none is lost unseen."""
    return sorted({path.parent.name for path in (ROOT / "src").glob("*/*_test.cc")})

"""What it was measured on, and of what."""

import os
import pathlib
import platform
import subprocess

from .store import DIRTY

ROOT = pathlib.Path(__file__).resolve().parents[2]


def first_match(path, name):
    try:
        lines = pathlib.Path(path).read_text().splitlines()
    except OSError:
        return None
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), None)


def memory_bytes():
    """What is to be had now."""
    return int(first_match("/proc/meminfo", "MemAvailable").split()[0]) * 1024


def describe():
    memory = first_match("/proc/meminfo", "MemTotal")
    return {"cpu": first_match("/proc/cpuinfo", "model name") or platform.machine(), "cores": os.cpu_count(),
            "kernel": platform.release(), "memory_gib": round(int(memory.split()[0]) / 1024**2) if memory else None}


def git(*words):
    done = subprocess.run(["git", *words], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=False)
    return done.stdout.strip()


# What is measured, and what measures: the rest, the page among it, may change without the figures being another's.
MEASURED = ("src", "profiles", "cmake", "CMakeLists.txt", "CMakePresets.json", "bench", ":!bench/page", ":!bench/test_*")


def commit():
    """The last that changed any of it."""
    changes = git("status", "--porcelain", "--", *MEASURED)
    return (git("log", "-1", "--format=%h", "--abbrev=10", "--", *MEASURED) or "unknown") + (DIRTY if changes else "")

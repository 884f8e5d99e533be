"""Each header of src/ compiles alone, so that the order of includes never matters.

A header that its own x.cc includes first is proven by the build of that file (tests may be compiled together). The others are
compiled here, with the flags of build/dev/compile_commands.json. What passed is remembered by the hash of
the header, of everything under src/ that it includes and of the flags: a second run compiles nothing.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE_ANY = re.compile(r'^\s*#\s*include\s*("[^"]+"|<[^>]+>)', re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def flags_by_folder(database, source):
    """Compiler and flags (without input and output) of one source file of each folder."""
    flags = {}
    for entry in json.loads(database.read_text()):
        file = pathlib.Path(entry["file"])
        if not file.is_relative_to(source):
            continue
        words = shlex.split(entry["command"])
        while words and pathlib.Path(words[0]).name == "ccache":
            words.pop(0)
        keep = [word for index, word in enumerate(words)
                if word not in ("-c", "-o", entry["file"]) and words[max(index - 1, 0)] != "-o"]
        folder = file.relative_to(source).parts[0]
        # A test's flags know GoogleTest too, which headers in testing/ may want.
        if folder not in flags or file.stem.endswith("_test"):
            flags[folder] = keep
    return flags


def proven_by_build(header, source):
    """Whether a file that the build compiles anyway begins with this header."""
    twin = header.with_suffix(".cc")
    first = INCLUDE_ANY.search(twin.read_text()) if twin.is_file() else None
    return bool(first and first.group(1) == f'"{header.relative_to(source).as_posix()}"')


def closure(header, source, seen=None):
    """The header and all that it includes from src/, each once."""
    seen = {} if seen is None else seen
    if header in seen or not header.is_file():
        return seen
    text = header.read_text()
    seen[header] = text
    for included in INCLUDE.findall(text):
        closure(source / included, source, seen)
    return seen


def fingerprint(header, source, flags):
    digest = hashlib.sha256(shlex.join(flags).encode())
    for path, text in sorted(closure(header, source).items()):
        digest.update(f"\0{path.relative_to(source)}\0{text}".encode())
    return digest.hexdigest()


def compile_alone(header, source, flags, folder):
    """The compiler's complaint, or nothing. It compiles to an object, because ccache keeps nothing of a syntax check."""
    name = header.relative_to(source)
    stub = folder / name.with_suffix(".cc")
    stub.parent.mkdir(parents=True, exist_ok=True)
    # As an include, not as the main file: else `#pragma once` itself is warned of.
    stub.write_text(f'#include "{name}"\n')
    launcher = [shutil.which("ccache")] if shutil.which("ccache") else []
    result = subprocess.run(
        [*launcher, *flags, "-g0", "-Werror", "-c", stub, "-o", stub.with_suffix(".o")], cwd=folder, text=True,
        capture_output=True, check=False, env={**os.environ, "CCACHE_BASEDIR": str(ROOT), "CCACHE_NOHASHDIR": "1"})
    return "" if result.returncode == 0 else f"src/{name} does not compile alone:\n{result.stderr}"


def check(source, flags, cache_file):
    """Every complaint about the headers under `source`."""
    try:
        known = set(json.loads(cache_file.read_text()))
    except (OSError, ValueError):
        known = set()
    fallback = next(iter(flags.values()))
    work = []
    for header in sorted(source.rglob("*.h")):
        if proven_by_build(header, source):
            continue
        own = flags.get(header.relative_to(source).parts[0], fallback)
        work.append((header, own, fingerprint(header, source, own)))
    new = [item for item in work if item[2] not in known]
    folder = cache_file.parent / "headers_alone"
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        answers = list(pool.map(lambda item: compile_alone(item[0], source, item[1], folder), new))
    bad = {item[2] for item, answer in zip(new, answers) if answer}
    shutil.rmtree(folder, ignore_errors=True)
    cache_file.parent.mkdir(parents=True, exist_ok=True)
    cache_file.write_text(json.dumps(sorted({item[2] for item in work} - bad)))
    return [answer for answer in answers if answer]


def main():
    database = ROOT / "build" / "dev" / "compile_commands.json"
    if not database.exists():
        print("build/dev/compile_commands.json is missing: run cmake --preset dev")
        return 1
    source = ROOT / "src"
    flags = flags_by_folder(database, source)
    if not flags:
        print("build/dev/compile_commands.json names no file of src/")
        return 1
    complaints = check(source, flags, ROOT / "build" / "dev" / "headers_ok.json")
    print(*complaints, sep="\n", end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

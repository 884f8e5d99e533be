"""Runs clang-tidy, with the checks of .clang-tidy, on the sources that have changed.

    check_tidy.py [--since COMMIT]   what differs from the commit: $TIDY_SINCE, or else the one before HEAD
    check_tidy.py --all              every source that build/dev compiles

A changed header is checked through its own source file, or else through one that includes it.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLANG_TIDY = "clang-tidy-14"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def git(root, *arguments):
    return subprocess.run(["git", *arguments], cwd=root, text=True, capture_output=True, check=False)


def changed_files(root, commit):
    """What differs from the commit in the working tree, relative to `root`; None when there is no such commit."""
    changed = git(root, "diff", "--name-only", "--diff-filter=d", "-z", commit, "--")
    if changed.returncode != 0:
        return None
    new = git(root, "ls-files", "-o", "--exclude-standard", "-z")
    return {name for name in (changed.stdout + new.stdout).split("\0") if name}


def sources_of(changed, compiled):
    """The compiled sources ({name: text}) through which the changed files are checked."""
    found = {name for name in changed if name in compiled}
    for header in (name for name in changed if name.endswith(".h")):
        own = header.removesuffix(".h") + ".cc"
        including = (name for name, text in sorted(compiled.items())
                     if any(header.endswith(f"/{included}") for included in INCLUDE.findall(text)))
        if source := own if own in compiled else next(including, None):
            found.add(source)
    return sorted(found)


def single_entries(entries):
    """The entries of a compile_commands.json, with one for each source that is compiled with others."""
    for entry in entries:
        file = pathlib.Path(entry["file"])
        if "Unity" in file.parts and file.is_file():
            for source in INCLUDE.findall(file.read_text()):
                yield {**entry, "file": source, "command": entry["command"].replace(entry["file"], source)}
        else:
            yield entry


def compiled_sources(root, entries):
    files = {pathlib.Path(entry["file"]) for entry in entries}
    written = [file for file in files if file.is_relative_to(root) and not file.is_relative_to(root / "build")]
    return {file.relative_to(root).as_posix(): file.read_text() for file in written if file.is_file()}


def write_database(entries, folder):
    """A compile_commands.json that Clang 14 understands: it calls C++23 by the name of the draft."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(entries).replace("-std=c++23", "-std=c++2b"))


def tidy(name):
    """What clang-tidy reports about one source, or nothing."""
    # Tests may waste time where that makes them shorter.
    checks = ["--checks=-performance-*"] if name.endswith("_test.cc") else []
    result = subprocess.run([CLANG_TIDY, "--quiet", "-p", "build/tidy", *checks, name],
                            cwd=ROOT, text=True, capture_output=True, check=False)
    return "" if result.returncode == 0 else result.stdout or result.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--since", metavar="COMMIT", default=os.environ.get("TIDY_SINCE") or "HEAD~1")
    arguments = parser.parse_args()
    database = ROOT / "build" / "dev" / "compile_commands.json"
    if not database.exists():
        print("build/dev/compile_commands.json is missing: run cmake --preset dev")
        return 1
    entries = list(single_entries(json.loads(database.read_text())))
    compiled = compiled_sources(ROOT, entries)
    write_database(entries, ROOT / "build" / "tidy")
    changed = None if arguments.all else changed_files(ROOT, arguments.since)
    files = sorted(compiled) if changed is None else sources_of(changed, compiled)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        complaints = [output for output in pool.map(tidy, files) if output]
    print(*complaints, f"clang-tidy: {len(files)} files, {len(complaints)} with findings", sep="\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

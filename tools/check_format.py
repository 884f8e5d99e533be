"""Checks that clang-format would change no C++ file of the tree; `check_format.py --fix` lets it.

The version is fixed (Debian 12's), because another one lays the same code out differently.
"""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLANG_FORMAT = "clang-format-14"


def cpp_files(root):
    """Every C++ file that is committed or would be, relative to `root`."""
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z", "--", "*.h", "*.cc"],
                             cwd=root, text=True, capture_output=True, check=True)
    return sorted({name for name in listing.stdout.split("\0") if name and (root / name).is_file()})


def problems(root, files):
    """One line for each file that is laid out differently."""
    # -style=file reads the .clang-format of each file's own folder or of one above it.
    result = subprocess.run([CLANG_FORMAT, "--style=file", "--dry-run", "--Werror", "--ferror-limit=1", *files],
                            cwd=root, text=True, capture_output=True, check=False)
    if result.returncode == 0:
        return []
    bad = [name for name in files if f"{name}:" in result.stderr]
    # A failure that names no file is clang-format's own.
    return [f"{name}: not laid out by clang-format: run tools/check_format.py --fix" for name in bad] or [result.stderr]


def main():
    files = cpp_files(ROOT)
    if sys.argv[1:] == ["--fix"]:
        for _ in range(2):  # a comment that it breaks may need a second pass to be aligned
            subprocess.run([CLANG_FORMAT, "--style=file", "-i", *files], cwd=ROOT, check=True)
    found = problems(ROOT, files)
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""Checks the rules of style: lengths, size of classes, banned calls, foreign paths, texts for clients.

Lengths are a ratchet: tools/ratchet.json lists what is longer than it should be, with its length, and
tools/class_ratchet.json does the same for classes (class_limits.py). Both lists may only shrink;
`check_style.py --shrink` writes them anew, without ever adding to them.
"""

import ast
import json
import pathlib
import re
import subprocess
import sys

import class_limits
import client_texts
import cpp_text

ROOT = pathlib.Path(__file__).resolve().parent.parent
FUNCTION_LINES_MAX = 40
TEST_LINES_MAX = 80  # a test may hold its table
FILE_LINES_MAX = 400
FILE_LINES_HARD_MAX = 500
CODE_FOLDERS = ("src", "tests", "tools", "bench", "clients")
CODE_SUFFIXES = (".h", ".cc", ".py", ".mjs", ".ts")
SKIPPED_FOLDERS = {"node_modules", "corpus", "__pycache__", "build"}

TESTS = re.compile(r"(_test|_bench)\.cc$|/testing/|^tests/|^bench/")
APP = re.compile(r"^src/app/|^src/base/assert\.cc$|^tests/|^bench/|_(?:test|bench)\.cc$")
READS_THE_CLOCK = re.compile(r"^src/base/|^tests/|^bench/|_test\.cc$|_bench\.cc$")
# (what is banned, what to use instead, where it is allowed after all)
BANNED = (
    (r"\b(?:sleep|usleep|nanosleep)\s*\(", "a timer of the loop, or a wait for a condition with a deadline", None),
    (r"\bsleep_(?:for|until)\b", "a timer of the loop, or a wait for a condition with a deadline", TESTS),
    (r"\b(?:strcpy|strcat|strncpy|stpcpy)\s*\(", "std::string, or std::copy_n with a checked size", None),
    (r"\bv?sprintf\s*\(|\bgets\s*\(", "fmt::format_to_n, or std::to_chars", None),
    (r"(?<![.\w>])s?rand\s*\(|\bstd::s?rand\b", "RAND_bytes, or a seeded std::mt19937_64 in tests", None),
    (r"\b(?:atoi|atol|atoll|atof)\s*\(", "std::from_chars, which reports failure", None),
    (r"\bstd::sto(?:i|l|ul|ll|ull|f|d)\b", "std::from_chars, which does not throw", TESTS),
    (r"\bstrtok\s*\(", "std::string_view::find", None),
    (r"\b(?:gettimeofday|localtime|gmtime|ctime|asctime)\s*\(", "base/time.h", None),
    (r"\bsystem_clock::now\b", "the Clock that is passed in (base/time.h)", READS_THE_CLOCK),
    (r"\bstd::endl\b", "'\\n'", None),
    (r"\busing\s+namespace\s+std\s*;", "the full name", None),
    (r"\bstd::format\b|#\s*include\s*<format>", "fmt, or string building: GCC 12 has none", None),
    (r"#\s*include\s*<expected>", "base/result.h: Clang 14 has none", None),
    (r"\.detach\s*\(\s*\)", "a std::jthread that is owned and joined", re.compile(r"^src/reactor/")),
    (r"(?<![.\w>])f?printf\s*\(|\bstd::(?:cout|cerr|clog)\b|#\s*include\s*<iostream>", "Log (base/log.h)", APP),
    (r"(?<![_\w.])assert\s*\(", "CARILLON_ASSERT (base/assert.h), which stays on in release", None),
)
# Paths of one particular machine. URL paths (/ws, /health) and those of any Debian are fine.
LOCAL_PATH = re.compile(r"(?<![\w./~<-])/(?:home/[a-z]\w*|root|Users/\w+|work|workspace|mnt)/")


def code_files(root):
    for folder in CODE_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            if path.suffix in CODE_SUFFIXES and not SKIPPED_FOLDERS & set(relative.parts):
                yield relative.as_posix(), path.read_text()


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def function_limit(name):
    return TEST_LINES_MAX if TESTS.search(name.split(": ")[0]) else FUNCTION_LINES_MAX


def long_ones(name, text):
    """What is too long in one file, as {key: lines}."""
    found = {}
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        found[name] = lines
    suffix = pathlib.PurePath(name).suffix
    listing = {".py": python_functions, ".h": cpp_text.functions, ".cc": cpp_text.functions}.get(suffix)
    for function, _, length in listing(text) if listing else ():
        if length > function_limit(name):
            key = f"{name}: {function}"
            found[key] = max(length, found.get(key, 0))
    return found


def ratchet_problems(found, allowed):
    for key, lines in sorted(found.items()):
        limit = function_limit(key) if ": " in key else FILE_LINES_MAX
        if ": " not in key and lines > FILE_LINES_HARD_MAX:
            yield f"{key}: {lines} lines; no file may have more than {FILE_LINES_HARD_MAX}: split it by idea"
        elif lines > allowed.get(key, limit):
            yield f"{key}: {lines} lines, {allowed.get(key, limit)} allowed: split it by step or by state"
    for key, lines in sorted(allowed.items()):
        if found.get(key, 0) < lines:
            yield f"tools/ratchet.json: {key} is better than its {lines} lines: run tools/check_style.py --shrink"


def banned_problems(name, text):
    if not name.endswith((".h", ".cc")):
        return
    for number, line in enumerate(cpp_text.without_noise(text).split("\n"), 1):
        for pattern, instead, allowed in BANNED:
            if re.search(pattern, line) and not (allowed and allowed.search(name)):
                yield f"{name}:{number}: {line.strip()}: use {instead}"


def path_problems(name, text):
    for number, line in enumerate(text.split("\n"), 1):
        if LOCAL_PATH.search(line):
            yield f"{name}:{number}: names a path of one machine: {line.strip()[:120]}"


def tracked_texts(root):
    """Every text file that would be committed."""
    listing = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root, text=True,
                             capture_output=True, check=False)
    for name in listing.stdout.split("\0"):
        path = root / name
        if name and path.is_file():
            data = path.read_bytes()
            if b"\0" not in data:
                yield name, data.decode("utf-8", "replace")


def shrink(found, allowed):
    return {key: min(lines, found[key]) for key, lines in allowed.items() if key in found}


def main():
    ratchet_file = ROOT / "tools" / "ratchet.json"
    allowed = json.loads(ratchet_file.read_text())
    allowed_classes = class_limits.read(ROOT)
    found, problems = {}, []
    texts = dict(code_files(ROOT))
    for name, text in texts.items():
        found.update(long_ones(name, text))
        problems.extend(banned_problems(name, text))
    for name, text in tracked_texts(ROOT):
        problems.extend(path_problems(name, text))
    found_classes = class_limits.figures(texts)
    if sys.argv[1:] == ["--shrink"]:
        allowed_classes = class_limits.shrink(found_classes, allowed_classes)
        class_limits.write(ROOT, allowed_classes)
        allowed = shrink(found, allowed)
        ratchet_file.write_text(json.dumps(allowed, indent=2, sort_keys=True) + "\n")
    problems.extend(ratchet_problems(found, allowed))
    problems.extend(class_limits.problems(found_classes, allowed_classes))
    problems.extend(client_texts.problems(texts))
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

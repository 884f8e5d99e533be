"""Every numbered rule of the built-in protocols, and of the language that profiles are written in, has a vector or a test whose name begins with its number.

A vector's name (protocol/vectors/*.json) begins with the number and a colon: "grimnir 5: JSON ping every …".
Where a vector cannot express a rule, a Node test in tests/integration whose name begins the same way counts.
protocol/vectors/README.md explains the numbers.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES = {"C": 7, "orion ": 10, "service ": 11, "fluxora ": 12, "grimnir ": 10, "carillon ": 11, "language ": 5}
NODE_TEST = re.compile(r"""\btest\(\s*(["'`])((?:[A-Z]|[a-z]+ )\d+:.*?)\1""")


def numbers():
    return [f"{name}{number}" for name, last in LINES.items() for number in range(1, last + 1)]


def vector_names(folder):
    for file in sorted(folder.glob("*.json")):
        for vector in json.loads(file.read_text())["vectors"]:
            yield vector["name"]


def test_names(folder):
    for file in sorted(folder.rglob("*.test.mjs")):
        if "node_modules" not in file.parts:
            yield from (match.group(2) for match in NODE_TEST.finditer(file.read_text()))


def missing(names):
    held = {name.split(":")[0] for name in names if ": " in name}
    return [number for number in numbers() if number not in held]


def main():
    names = [*vector_names(ROOT / "protocol" / "vectors"), *test_names(ROOT / "tests" / "integration")]
    problems = [f"{number}: no vector and no test is named after it; write one in protocol/vectors/"
                for number in missing(names)]
    print(*problems, sep="\n", end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""Every test that docs/reliability.md names exists: `Suite.Name` in src/, `file.test.mjs`: "name" in tests/integration."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
UNIT = re.compile(r"`([A-Z]\w*)\.([A-Z]\w*)`")
NODE = re.compile(r'`([\w/]+\.test\.mjs)`(?:: "([^"]+)")?')
DEFINED = re.compile(r"^(?:TYPED_)?TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)
NODE_NAME = re.compile(r"""\btest\(\s*(["'`])(.*?)\1""")


def unit_tests(folder):
    """All Suite.Name pairs that the C++ tests below folder define."""
    return {pair for file in folder.rglob("*_test.cc") for pair in DEFINED.findall(file.read_text())}


def node_tests(folder):
    """{path below folder: names of its tests}."""
    return {str(file.relative_to(folder)): {name for _, name in NODE_NAME.findall(file.read_text())}
            for file in folder.rglob("*.test.mjs") if "node_modules" not in file.parts}


def problems(page, unit, node):
    for suite, name in UNIT.findall(page):
        if (suite, name) not in unit:
            yield f"no test {suite}.{name}"
    for file, name in NODE.findall(page):
        if file not in node:
            yield f"no file tests/integration/{file}"
        elif name and name not in node[file]:
            yield f'tests/integration/{file} has no test "{name}"'


def main():
    found = list(problems(PAGE.read_text(), unit_tests(ROOT / "src"), node_tests(ROOT / "tests" / "integration")))
    for problem in found:
        print(f"docs/reliability.md: {problem}; name the test that proves the row now")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

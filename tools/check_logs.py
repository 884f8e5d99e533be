"""docs/logs.md lists every message that the gateway logs, and no other."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "logs.md"
STRING = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
# The message is the first string of a call that logs.
CALLS = re.compile(
    rf"\b(?:info|warning|error|debug)\(\s*{STRING}"
    rf"|\bwrite(?:_fields)?\([^\"();]*?(?:\([^()]*\))?[^\"();]*?,\s*{STRING}"
    rf"|\bnote(?:_decision)?\((?:client\.id|index),\s*{STRING}")


def messages_in(text):
    """The messages that one file logs."""
    for call in CALLS.finditer(text):
        literal = next(group for group in call.groups() if group)
        yield "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literal))


def logged():
    found = {}
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in (".cc", ".h") or path.name.endswith(("_test.cc", "_bench.cc")) or "testing" in path.parts:
            continue
        for message in messages_in(path.read_text()):
            found.setdefault(message, path.relative_to(ROOT))
    return found


def documented(page):
    """The second column of the tables: | level | `"message"` | when |"""
    return set(re.findall(r'^\| \w+ \| `"(.*?)"` \|', page, re.M))


def main():
    found, page = logged(), documented(PAGE.read_text())
    problems = [f'{path}: "{message}" is not in docs/logs.md' for message, path in found.items() if message not in page]
    problems += [f'docs/logs.md: "{message}" is logged nowhere' for message in sorted(page - found.keys())]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

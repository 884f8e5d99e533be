"""Profiles are data: no C++ but tests has a string that names one, or compares a profile's name.

A protocol that needs code of its own could not be a user's fifth file. Comments may name profiles, and so
may messages and help that give an example (`profile = "orion"`), which decide nothing.
"""

import pathlib
import re
import sys

import cpp_text

ROOT = pathlib.Path(__file__).resolve().parent.parent
# `service` is a word of everyday's English: only as a whole string it is the profile. `carillon` is also the
# program's own name, which no string can tell from the profile's; what names that profile is its path, and a
# comparison of a profile's name.
NAMED = re.compile(r"\b(?:orion|fluxora|grimnir)\b|/v1/connect\b", re.I)
WHOLE = {"orion", "service", "fluxora", "grimnir", "echo"}
TESTS = re.compile(r"(_test|_bench)\.(cc|h)$|/testing/|/testing\.h$|/test_\w+\.h$")
# Literals are empty here. Comparing with a variable is looking a profile up.
COMPARED = re.compile(r'\bprofile(?:_name|[.>\w()-]*name(?:\(\))?)?\s*[=!]=\s*""|""\s*[=!]=\s*[\w.>-]*\bprofile\b')
# An example of what to write, in a message or on a page: (file, the string's text).
EXAMPLES = {
    ("src/app/command/declare_trying.cc", "e.g. orion.content.created"),
    ("src/config/endpoint_options.cc", '\\"orion\\"'),
    ("src/config/endpoint_loader.cc", 'there is none; write [[endpoint]], and below it profile = \\"orion\\"'),
}


def strings(text):
    """(line, text) of every string literal that is code and no comment."""
    for match in cpp_text.NOISE.finditer(text):
        found = match.group(0)
        if not found.startswith(("/", "'")):
            body = re.sub(r'^(?:R"[^(]*\(|")|(?:\)[^()"]*"|")$', "", found)
            yield text.count("\n", 0, match.start()) + 1, body


def problems(name, text):
    if TESTS.search(name):
        return
    for line, string in strings(text):
        if (name, string) in EXAMPLES or is_page(name):
            continue
        if NAMED.search(string) or string in WHOLE - {"echo"}:
            yield f'{name}:{line}: "{string[:60]}" names a profile: what is special about it belongs into profiles/*.toml'
    for number, line in enumerate(cpp_text.without_noise(text).split("\n"), 1):
        if COMPARED.search(line):
            yield f"{name}:{number}: {line.strip()}: compares a profile's name: make what differs a setting"


def is_page(name):
    return name == "src/config/configuration_page.cc"  # the text of docs/configuration.md


def main():
    found = []
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix in (".cc", ".h"):
            found.extend(problems(path.relative_to(ROOT).as_posix(), path.read_text()))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

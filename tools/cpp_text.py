"""Reads C++ just well enough for the style check: code without comments and literals, and its functions."""

import re

# Raw strings first, then the rest; what is replaced keeps its line breaks, so that numbers still fit.
NOISE = re.compile(
    r'R"(?P<mark>[^\s()\\]{0,16})\((?s:.*?)\)(?P=mark)"'
    r"|//[^\n]*"
    r"|/\*(?s:.*?)\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    # A digit separator (1'000) is no character literal.
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'")
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\)*", re.M)
TYPE_HEAD = re.compile(r"^(?:(?:typedef|static|inline|constexpr|export|friend)\s+)*(?:class|struct|union|enum|namespace)\b"
                       r"|^extern\s*\"")
TEST_MACRO = re.compile(r"(?:TYPED_)?TEST(?:_[FP])?$|BENCHMARK")
NAME = re.compile(r"((?:[\w~]+\s*::\s*)*(?:operator\s*[^\s(]+|~?\w+))\s*\(")


def without_noise(text):
    def blank(match):
        kept = match.group(0)
        filler = "" if kept.startswith("/") else '""'
        return filler + "\n" * kept.count("\n")
    return NOISE.sub(blank, text)


def without_templates(head):
    """A declaration's head without its leading `template <…>` and attributes."""
    while True:
        head = re.sub(r"^\s*(?:\[\[.*?\]\]|(?:public|private|protected)\s*:(?!:))\s*", "", head, flags=re.S)
        if not re.match(r"\s*template\s*<", head):
            return head.strip()
        depth = 0
        for index in range(head.index("<"), len(head)):
            depth += {"<": 1, ">": -1}.get(head[index], 0)
            if depth == 0:
                break
        head = head[index + 1:]


def kind_of(head):
    """What an opening brace outside functions opens: a "type", a "function" or a "value"."""
    if TYPE_HEAD.match(head):
        return "type"
    before = head.split("(")[0]
    if "(" not in head or ("=" in before and "operator" not in before):
        return "value"
    return "function"


def functions(text):
    """(name, first line, number of lines) of each function that is not inside another."""
    # Macros may hold half a pair of braces.
    code = DIRECTIVE.sub(lambda match: "\n" * match.group(0).count("\n"), without_noise(text))
    scopes = []       # (kind, name, first line)
    head_from = 0
    line = 1
    last = ("", 0)    # the initialiser list of a constructor may hold braces: its head goes on after them
    parens = 0
    for index, char in enumerate(code):
        if char == "\n":
            line += 1
        elif char in "()":
            parens += 1 if char == "(" else -1
        elif char == ";" and parens == 0:
            head_from = index + 1
            last = ("", 0)
        elif char == "{":
            inside = any(scope[0] in ("function", "value") for scope in scopes)
            raw = code[head_from:index]
            head = without_templates(raw)
            name, first = last if head == "" or head.startswith(",") else ("", 0)
            if not name:
                found = NAME.search(head)
                first = line - head.count("\n") - raw[len(raw.rstrip()):].count("\n")
                name = re.sub(r"\s+", "", found.group(1)) if found else "?"
                if TEST_MACRO.match(name):
                    name = re.sub(r"\s+", "", head)
            kind = "nested" if inside or parens > 0 else ("function" if head == "" and last[0] else kind_of(head))
            if head.startswith(",") and last[0]:
                kind = "function"
            scopes.append((kind, name, first))
            head_from = index + 1
        elif char == "}" and scopes:
            kind, name, first = scopes.pop()
            if kind == "function":
                yield name, first, line - first + 1
            last = (name, first) if kind == "function" else ("", 0)
            head_from = index + 1

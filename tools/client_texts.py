"""Finds close codes and texts for clients that are written into the core code instead of a profile.

They are values of an endpoint (src/config/client_texts.h and settings.h), so that a protocol can have its own.
"""

import re

import cpp_text

FOLDERS = re.compile(r"^src/(?:client|fanout|gateway|protocol)/")
TESTS = re.compile(r"_(?:test|bench)\.cc$|/testing/")
# What a client receives is an argument of these functions.
CALL = re.compile(r"\b(close_frame|append_close|error_response|refused|send_error|try_later)\s*\(")
CLOSE_CALLS = {"close_frame", "append_close"}
CODE = re.compile(r"\bCloseCode::|(?<![\w.'])\d{4}(?![\w.'])")
CLOSE_CODE = re.compile(r"(?<![\w.'])10(?:0[1-9]|1[0-5])(?![\w.'])")
DIRECT = re.compile(r'\bbody\s*\+?=\s*R?"|\brefuse\s*\(\s*"')
# Answers to HTTP requests that have not reached an endpoint, or are for the API: no profile is known then.
HTTP_FILES = re.compile(r"^src/client/http_")
HTTP_TEXTS = {
    "no answer in time",
    "no memory for this request",
    "no such path",
    "the body arrived too slowly",
    "the request took too long",
    "too many connections",
    "too many requests at once",
}


def code_with_literals(text):
    """The text without comments; what stands in its literals is replaced by x, so that offsets still fit."""
    def blank(match):
        kept = match.group(0)
        if kept.startswith("/"):
            return re.sub(r"[^\n]", " ", kept)
        first, last = kept.index(kept.lstrip("R")[0]), len(kept) - 1
        return kept[:first + 1] + re.sub(r"[^\n]", "x", kept[first + 1:last]) + kept[last]
    return cpp_text.NOISE.sub(blank, text)


def arguments(code, begin):
    """Where the arguments end that begin at `begin`, behind the opening parenthesis."""
    depth = 1
    for at in range(begin, len(code)):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        if depth == 0:
            return at
    return len(code)


def found(name, text):
    """(line, text or code) of each one in a file."""
    if not FOLDERS.match(name) or TESTS.search(name) or not name.endswith((".h", ".cc")):
        return
    code = code_with_literals(text)
    for match in CALL.finditer(code):
        end = arguments(code, match.end())
        line = code.count("\n", 0, match.start()) + 1
        for literal in re.finditer(r'"([^"]*)"', code[match.end():end]):
            words = text[match.end() + literal.start(1):match.end() + literal.end(1)]
            if re.search("[A-Za-z]", words):
                yield line, words
        if match.group(1) in CLOSE_CALLS and (number := CODE.search(code, match.end(), end)):
            yield line, number.group(0)
    for pattern in (CLOSE_CODE, DIRECT):
        for match in pattern.finditer(code):
            yield code.count("\n", 0, match.start()) + 1, match.group(0)


def problems(texts):
    """What is wrong with all files, {name: text}, and which exceptions are not needed any more."""
    used = set()
    for name, text in texts.items():
        seen = set()
        for line, what in found(name, text):
            if what in HTTP_TEXTS and HTTP_FILES.match(name):
                used.add(what)
            elif line not in seen:
                seen.add(line)
                yield (f"{name}:{line}: {what}: a close code or text for clients: make it a value of the endpoint "
                       "(src/config/client_texts.h)")
    for text in sorted(HTTP_TEXTS - used):
        yield f'tools/client_texts.py: no answer has the text "{text}": remove it from HTTP_TEXTS'

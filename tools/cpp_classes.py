"""Counts what a C++ class consists of: methods, data members, and the files that define its methods.

It reads declarations, not the language: enough for code that clang-format has laid out.
"""

import dataclasses
import re

import cpp_text

NAMESPACE = re.compile(r"^(?:inline\s+)?namespace\b|^extern\s*\"")
TYPE_NAME = re.compile(r"^(?:typedef\s+)?(class|struct|union)\s+((?:\w+\s*::\s*)*\w+)")
NO_MEMBER = re.compile(r"^(?:using|typedef|friend|static_assert|enum)\b|^(?:class|struct|union)\s+[\w:]+$|^$")
# Parts of a declaration that hold parentheses without making it a function.
DECORATION = re.compile(r"\b(?:alignas|decltype|noexcept|requires|__attribute__)\s*\(\)")
OPENING = {"(": ")", "[": "]", "{": "}"}


@dataclasses.dataclass
class CppClass:
    name: str          # with the classes around it: Outer::Inner
    is_struct: bool    # or a union
    methods: int       # without constructors, destructor, and what is defaulted or deleted
    members: int       # of each object: static ones do not count


def closing(code, opening):
    """The index of the bracket that closes the one at `opening`."""
    depth = 0
    for index in range(opening, len(code)):
        if code[index] in OPENING:
            depth += 1
        elif code[index] in OPENING.values():
            depth -= 1
            if depth == 0:
                return index
    return len(code)


def is_initializer(head):
    """Whether a brace after a function's head belongs to the constructor's initialisers: `: a_{1}`."""
    flat = without_brackets(head)
    return re.search(r"\)\s*(?:noexcept\s*)?:(?!:)", flat) and re.search(r"[\w>]\s*$", flat)


def declarations(code):
    """(head, body or None) of each declaration in a namespace or class, in order."""
    start = index = 0
    while index < len(code):
        char = code[index]
        if char == ";":
            yield cpp_text.without_templates(code[start:index]), None
            start = index + 1
        elif char in "([":
            index = closing(code, index)
        elif char == "{":
            end = closing(code, index)
            head = cpp_text.without_templates(code[start:index])
            kind = "type" if NAMESPACE.match(head) else cpp_text.kind_of(head)
            if kind == "type":
                yield head, code[index + 1:end]
                start = end + 1  # what follows a type up to the semicolon declares members of it
            elif kind == "function" and not is_initializer(head):
                yield head, None
                start = end + 1
            index = end
        index += 1


def without_brackets(text):
    """The text with nothing between its brackets, and without template arguments."""
    text = re.sub(r"\boperator\s*(?:\(\s*\)|[^\s\w(]+)", "operator_", text)
    for pair in (r"\(([^()]+)\)", r"\[([^\[\]]+)\]", r"\{([^{}]+)\}"):
        while True:
            shorter = re.sub(pair, lambda found: found.group(0)[0] + found.group(0)[-1], text)
            if shorter == text:
                break
            text = shorter
    text = text.replace("->", " ")
    while (shorter := re.sub(r"<[^<>]*>", "", text)) != text:
        text = shorter
    return text


def count_member(head, class_name):
    """(methods, data members) that one declaration in a class adds."""
    if re.search(r"\(\s*\*\s*\w*\s*\)\s*\(", head) and not head.startswith(("using", "typedef")):
        return 0, 1  # a pointer to a function
    flat = DECORATION.sub("", without_brackets(head)).strip()
    flat = re.sub(r"\[\]", "", flat)
    if NO_MEMBER.match(flat):
        return 0, 0
    before = flat.split("=")[0].strip()
    function = re.search(r"(~?\w+)\s*\(", before)
    if function:
        defaulted = re.search(r"=\s*(?:default|delete)\s*$", flat)
        own = function.group(1).lstrip("~") == class_name
        return (0 if defaulted or own else 1), 0
    if re.match(r"(?:inline\s+|constexpr\s+)*static\b", before):
        return 0, 0
    return 0, flat.count(",") + 1


def type_name(head):
    plain = re.sub(r"\[\[.*?\]\]\s*|\balignas\s*\([^)]*\)\s*|<[^<>]*>", "", head, flags=re.S)
    found = TYPE_NAME.match(plain)
    return (found.group(1), re.sub(r"\s+", "", found.group(2))) if found else (None, "")


def classes_in(code, outer=""):
    for head, body in declarations(code):
        if body is None:
            continue
        keyword, name = type_name(head)
        if NAMESPACE.match(head):
            yield from classes_in(body, outer)
        elif keyword:
            full = f"{outer}{name}"
            counts = [count_member(inner, name.split("::")[-1])
                      for inner, inner_body in declarations(body) if inner_body is None]
            methods, members = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
            yield CppClass(full, keyword != "class", methods, members)
            yield from classes_in(body, f"{full}::")


def classes(text):
    """Every class, struct and union of a file that is not inside a function."""
    code = cpp_text.DIRECTIVE.sub("", cpp_text.without_noise(text))
    return list(classes_in(code))


def classes_with_methods_in(text):
    """The names of the classes whose methods this file defines outside of their braces."""
    return {name.rsplit("::", 1)[0] for name, _, _ in cpp_text.functions(text) if "::" in name}

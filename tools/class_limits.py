"""Limits the size of a class: its methods, its data members, and the files that define its methods.

A limit on functions and files alone does not stop a class from growing across many files. A class that is
over a limit is listed in tools/class_ratchet.json with the reason and its present figures. A figure there
can only shrink: a larger one is an error, and so is a smaller one until it is written down
(`check_style.py --shrink`).
"""

import collections
import json
import pathlib

import cpp_classes

LIMITS = {
    "methods": 30,   # public and private; without constructors, destructor, and what is defaulted or deleted
    "members": 15,   # data members of an object
    "headers": 1,    # that declare the class or define its methods
    "sources": 2,    # that define its methods
}
# A struct of plain values, such as a table of settings, may have as many members as there are values.
RECORD_METHODS_MAX = 2
RATCHET = "tools/class_ratchet.json"


def figures(texts):
    """{"src/folder/file.h: Class": {"methods": 3, …}} for every class of the texts, given as {name: text}."""
    texts = {name: text for name, text in texts.items() if name.endswith((".h", ".cc"))}
    defining = collections.defaultdict(set)  # (folder, class) → the files that define its methods
    for name, text in texts.items():
        for defined in cpp_classes.classes_with_methods_in(text):
            defining[pathlib.PurePath(name).parent, defined].add(name)
    found = {}
    for name, text in texts.items():
        for each in cpp_classes.classes(text):
            files = defining[pathlib.PurePath(name).parent, each.name] | {name}
            is_record = each.is_struct and each.methods <= RECORD_METHODS_MAX
            found[f"{name}: {each.name}"] = {
                "methods": each.methods,
                "members": 0 if is_record else each.members,
                "headers": sum(file.endswith(".h") for file in files),
                "sources": sum(file.endswith(".cc") for file in files),
            }
    return found


def over_limits(found):
    """The classes over a limit, each with only those figures that are over."""
    over = {key: {what: number for what, number in counts.items() if number > LIMITS[what]}
            for key, counts in found.items()}
    return {key: counts for key, counts in over.items() if counts}


def problems(found, allowed):
    over = over_limits(found)
    for key, counts in sorted(over.items()):
        for what, number in counts.items():
            most = allowed.get(key, {}).get(what, LIMITS[what])
            if number > most:
                yield f"{key}: {number} {what}, {most} allowed: give a part of its state a class of its own"
    for key, entry in sorted(allowed.items()):
        if not entry.get("reason"):
            yield f'{RATCHET}: {key} has no "reason"'
        for what, number in entry.items():
            if what != "reason" and over.get(key, {}).get(what, 0) < number:
                now = over.get(key, {}).get(what, "within the limit, or gone")
                yield (f"{RATCHET}: {key}: {what} was {number} and is {now}: "
                       "run tools/check_style.py --shrink")


def shrink(found, allowed):
    """The list with every figure that has become smaller; nothing is added to it."""
    over = over_limits(found)
    kept = {}
    for key, entry in allowed.items():
        smaller = {what: min(number, over[key][what]) for what, number in entry.items()
                   if what != "reason" and what in over.get(key, {})}
        if smaller:
            kept[key] = {"reason": entry.get("reason", ""), **smaller}
    return kept


def read(root):
    return json.loads((root / RATCHET).read_text())


def write(root, allowed):
    (root / RATCHET).write_text(json.dumps(dict(sorted(allowed.items())), indent=2) + "\n")

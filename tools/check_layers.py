"""Checks the layers: a folder of src/ includes only folders with a smaller number.

The table below is the one in ARCHITECTURE.md; the `carillon_layer` lines of CMakeLists.txt (which decide
what links) must agree with it. Headers in a folder `testing` are for tests alone. Some files may include even
less than their layer allows (INNER_RULES). Neither headers nor folders may include each other in a circle.
"""

import pathlib
import re
import sys

LAYERS = {
    "base": 0,
    "event": 1, "json": 1, "websocket": 1, "http": 1,
    "config": 2, "history": 2, "loadgen": 2, "reactor": 2, "transport": 2,
    "auth": 3, "bus": 3, "fanout": 3,
    "protocol": 4, "fetch": 4,
    "client": 5,
    "gateway": 6,
    "api": 7,
    "app": 8,
}
# (which files, what they must not include, why). Paths are relative to src/.
INNER_RULES = (
    (r"^fanout/(?!testing/|\w+_(?:test|bench)\.)", r"^(?:websocket|transport)/",
     "the engine handles bytes and sequence numbers and knows no protocol: it has event/encoder.h for that"),
    (r"^history/", r"^(?!base/|event/|history/)",
     "retained events are bytes and numbers: what to retain, and for whom, is decided above"),
    (r"^client/(?:sockets?|tls_clients|reader)(?:_test)?\.", r"^fanout/",
     "sockets do not know the engine: put shared types into base/"),
    (r"^protocol/", r"^(?:fanout|reactor)/",
     "a compiled profile is values: it needs neither sockets nor the engine"),
    (r"^gateway/(?:audiences|command_dispatcher)(?:_test)?\.", r"^gateway/(?:shard|testing/shard_stage)\.h$",
     "a part of the shard does not know the whole: ask the owner through the part's own host interface"),
)
# What breaks an inner rule today. The list may only shrink: an entry that is not needed any more is an error.
INNER_EXCEPTIONS = {
    ("protocol/endpoint.h", "fanout/lag_rule.h"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
CMAKE_LAYER = re.compile(r"^carillon_layer\((\w+)\s+(\d+)", re.M)


def is_test(path):
    return path.stem.endswith(("_test", "_bench")) or "testing" in path.parts


def include_problems(path, text, layers):
    """Why the includes of one file (its path relative to src/) break the order."""
    own = path.parts[0]
    for included in INCLUDE.findall(text):
        folder = included.split("/")[0]
        if "/" not in included or folder not in layers:
            yield f'src/{path}: #include "{included}": write it as "folder/file.h" of a folder of src/'
        elif folder != own and layers[folder] >= layers[own]:
            way = "sideways" if layers[folder] == layers[own] else "up"
            yield (f'src/{path}: #include "{included}" goes {way}: {own} is layer {layers[own]}, {folder} is '
                   f"{layers[folder]}; move what is shared below both, or pass it in from above")
        if "/testing/" in included and not is_test(path):
            yield f'src/{path}: #include "{included}": headers in testing/ are for tests alone'


def inner_problems(includes, exceptions):
    """What breaks an inner rule; `includes` is {path relative to src/: [what it includes]}."""
    broken = set()
    for path, included_ones in sorted(includes.items()):
        for files, forbidden, why in INNER_RULES:
            for included in included_ones:
                if re.search(files, path) and re.search(forbidden, included):
                    broken.add((path, included))
                    if (path, included) not in exceptions:
                        yield f'src/{path}: #include "{included}": {why}'
    for path, included in sorted(exceptions - broken):
        yield (f"tools/check_layers.py: src/{path} does not include {included} any more: "
               "remove the line from INNER_EXCEPTIONS")


def find_cycle(graph):
    """Nodes that lead back to the first of them, or []; `graph` is {node: [the nodes it points to]}."""
    done, trail = set(), []

    def visit(node):
        if node in trail:
            return [*trail[trail.index(node):], node]
        if node in done:
            return []
        trail.append(node)
        for target in graph.get(node, ()):
            if found := visit(target):
                return found
        done.add(trail.pop())
        return []

    return next((found for node in sorted(graph) if (found := visit(node))), [])


def cycle_problems(includes):
    folders = {}
    for path, included_ones in includes.items():
        own = path.split("/")[0]
        folders.setdefault(own, set()).update({each.split("/")[0] for each in included_ones} - {own})
    for what, graph in (("headers", includes), ("folders", {name: sorted(to) for name, to in folders.items()})):
        if cycle := find_cycle(graph):
            yield f"{what} include each other in a circle: {' -> '.join(cycle)}"


def cmake_problems(text, layers):
    declared = {name: int(level) for name, level in CMAKE_LAYER.findall(text)}
    for name in sorted(declared.keys() | layers.keys()):
        if declared.get(name) != layers.get(name):
            yield (f"CMakeLists.txt: layer {name} is {declared.get(name, 'missing')}, and "
                   f"{layers.get(name, 'missing')} in tools/check_layers.py: make them agree")


def problems(root, layers):
    yield from cmake_problems((root / "CMakeLists.txt").read_text(), layers)
    source = root / "src"
    includes = {}
    for path in sorted(source.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        relative = path.relative_to(source)
        if len(relative.parts) < 2 or relative.parts[0] not in layers:
            yield f"src/{relative}: not in a folder that has a layer"
            continue
        text = path.read_text()
        includes[relative.as_posix()] = INCLUDE.findall(text)
        yield from include_problems(relative, text, layers)
    yield from inner_problems(includes, INNER_EXCEPTIONS)
    yield from cycle_problems(includes)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = list(problems(root, LAYERS))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""Holds the layers: a folder of src/ includes only folders with a smaller number.

The table below is the one in ARCHITECTURE.md; the `carillon_layer` lines of CMakeLists.txt (which decide
what links) must say the same. Headers in a folder `testing` are for tests alone.
"""

import pathlib
import re
import sys

LAYERS = {
    "base": 0,
    "event": 1, "json": 1, "websocket": 1, "http": 1,
    "config": 2, "loadgen": 2, "reactor": 2,
    "auth": 3, "bus": 3, "fanout": 3,
    "protocol": 4,
    "client": 5,
    "gateway": 6,
    "api": 7,
    "app": 8,
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


def cmake_problems(text, layers):
    declared = {name: int(level) for name, level in CMAKE_LAYER.findall(text)}
    for name in sorted(declared.keys() | layers.keys()):
        if declared.get(name) != layers.get(name):
            yield (f"CMakeLists.txt: layer {name} is {declared.get(name, 'missing')}, and "
                   f"{layers.get(name, 'missing')} in tools/check_layers.py: make them agree")


def problems(root, layers):
    yield from cmake_problems((root / "CMakeLists.txt").read_text(), layers)
    source = root / "src"
    for path in sorted(source.rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        relative = path.relative_to(source)
        if len(relative.parts) < 2 or relative.parts[0] not in layers:
            yield f"src/{relative}: not in a folder that has a layer"
            continue
        yield from include_problems(relative, path.read_text(), layers)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = list(problems(root, LAYERS))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

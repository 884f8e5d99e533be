"""Makes the tarball carillon-VERSION-linux-ARCH.tar.gz of build/portable, and one with its debug symbols.

The same commit gives the same bytes inside: names are sorted, owners are root, and times are the commit's.
"""

import gzip
import io
import os
import pathlib
import platform
import re
import shutil
import subprocess
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "portable"
# The newest glibc that the binary may need: the oldest systems that are still supported have it.
GLIBC_MAX = (2, 34)
# Whose code is inside the binary, by the Debian packages that it comes from.
LIBRARIES = {
    "openssl": "libssl-dev", "zlib": "zlib1g-dev", "libdeflate": "libdeflate-dev", "hiredis": "libhiredis-dev",
    "fmt": "libfmt-dev", "spdlog": "libspdlog-dev", "tomlplusplus": "libtomlplusplus-dev", "CLI11": "libcli11-dev",
    "expected": "libexpected-dev", "boost": "libboost1.81-dev", "libstdc++": "libstdc++-12-dev",
    "prometheus-cpp": "prometheus-cpp-dev",
}


def read_version():
    return re.search(r"project\(carillon VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text()).group(1)


def commit_time():
    """Seconds since 1970 of the last commit; of no commit, 0."""
    result = subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=%ct"], capture_output=True, text=True,
                            check=False)
    return int(result.stdout.strip() or 0) if result.returncode == 0 else 0


def newer_glibc(binary):
    """The symbols of `binary` that need a newer glibc than GLIBC_MAX, as lines of objdump."""
    table = subprocess.run(["objdump", "-T", binary], capture_output=True, text=True, check=True).stdout
    return [line for line in table.splitlines()
            if any(tuple(map(int, found.split("."))) > GLIBC_MAX for found in re.findall(r"GLIBC_(\d+(?:\.\d+)+)", line))]


def needed_libraries(binary):
    """The shared libraries that `binary` names."""
    dynamic = subprocess.run(["objdump", "-p", binary], capture_output=True, text=True, check=True).stdout
    return re.findall(r"NEEDED\s+(\S+)", dynamic)


def split_symbols(binary, folder):
    """Writes the stripped `carillon` and `carillon.debug` into `folder`; gdb finds the second by the link in the
    first."""
    stripped, symbols = folder / "carillon", folder / "carillon.debug"
    subprocess.run(["objcopy", "--only-keep-debug", "--compress-debug-sections", binary, symbols], check=True)
    subprocess.run(["strip", "-o", stripped, binary], check=True)
    subprocess.run(["objcopy", f"--add-gnu-debuglink={symbols.name}", stripped], check=True, cwd=folder)
    os.chmod(symbols, 0o644)
    return stripped, symbols


def fill(folder, version):
    """Copies everything but the binary into `folder`."""
    for name in ("LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder)
    readme = (ROOT / "deploy/tarball/README.txt").read_text()
    (folder / "README.txt").write_text(readme.replace("@VERSION@", version).replace("@ARCH@", platform.machine()))
    unit = (ROOT / "deploy/systemd/carillon.service").read_text()
    (folder / "carillon.service").write_text(
        unit.replace("The unit of the Debian package.", "A unit for the tarball, unpacked in /opt/carillon.")
        .replace("/usr/bin/carillon", "/opt/carillon/carillon").replace("man:carillon(1)", "file:/opt/carillon/README.txt"))
    shutil.copytree(ROOT / "profiles", folder / "profiles")
    pages = BUILD / "package"
    shutil.copy(pages / "carillon.1", folder)
    (folder / "completions").mkdir()
    for name in ("carillon.bash", "_carillon", "carillon.fish"):
        shutil.copy(pages / name, folder / "completions")
    (folder / "licences").mkdir()
    for library, package in LIBRARIES.items():
        shutil.copy(f"/usr/share/doc/{package}/copyright", folder / "licences" / f"{library}.txt")


def write_tarball(target, folder, top, time):
    """Packs `folder` as `top` into `target`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in [folder, *sorted(folder.rglob("*"))]:
            entry = archive.gettarinfo(path, f"{top}/{path.relative_to(folder)}".removesuffix("/."))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = time
            entry.mode = 0o755 if path.is_dir() or os.access(path, os.X_OK) and path.name == "carillon" else 0o644
            with open(path, "rb") if path.is_file() else io.BytesIO() as content:
                archive.addfile(entry, content if path.is_file() else None)
    target.write_bytes(gzip.compress(packed.getvalue(), 9, mtime=0))


def make(output, work):
    """Makes both tarballs in the folder `output`, and returns their paths. `work` is an empty folder."""
    version = read_version()
    top = f"carillon-{version}-linux-{platform.machine()}"
    content, debug = work / top, work / "debug"
    content.mkdir()
    debug.mkdir()
    stripped, symbols = split_symbols(BUILD / "carillon", work)
    too_new = newer_glibc(stripped)
    if too_new:
        raise SystemExit("carillon: the binary needs a glibc newer than 2.34:\n" + "\n".join(too_new))
    shutil.move(stripped, content)
    shutil.move(symbols, debug)
    fill(content, version)
    targets = output / f"{top}.tar.gz", output / f"{top}-debug.tar.gz"
    write_tarball(targets[0], content, top, commit_time())
    write_tarball(targets[1], debug, top, commit_time())
    return targets

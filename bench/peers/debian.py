"""Programs of Debian packages: those that are installed, or else unpacked from the archive into the build folder.

Unpacked, not installed: to install a server is to start it as a service of the system.
"""

import pathlib

from harness.processes import Skipped

from .peer import install_with

SYSTEM = pathlib.Path("/")


def root_of(bench, packages, files):
    """The folder below which all of the packages' files are: the system's, or one that was unpacked."""
    if all((SYSTEM / file).exists() for file in files):
        return SYSTEM
    root = bench.build / "peers" / "debian"
    if not all((root / file).exists() for file in files):
        unpack(root, packages)
    missing = [file for file in files if not (root / file).exists()]
    if missing:
        raise Skipped(f"the Debian packages {', '.join(packages)} have no {missing[0]} here")
    return root


def unpack(root, packages):
    root.mkdir(parents=True, exist_ok=True)
    install_with(["apt-get", "download", "-q", *packages], cwd=root)
    for archive in sorted(root.glob("*.deb")):
        install_with(["dpkg-deb", "-x", archive, root])
        archive.unlink()

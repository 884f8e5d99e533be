"""Programs of Go modules at pinned versions, built by the Go toolchain that is here, into the build folder."""

import os

from .peer import Installed, install_with, needed


def install(bench, name, package, version, folder=None):
    """With a folder: the versions are those of its go.mod. No other toolchain is downloaded for a module that
    wants a newer one: then it is skipped."""
    needed("go")
    programs = bench.build / "peers" / f"{name}-{version}"
    program = programs / name
    if not program.exists():
        bench.log(f"building {name} {version}")
        environment = {**os.environ, "GOBIN": str(programs), "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false"}
        what = package if folder else f"{package}@{version}"
        install_with(["go", "install", "-p", "2", what], cwd=folder or bench.build, env=environment)
    return Installed(version, program)

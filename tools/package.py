"""Makes the packages of what ./package has built, in build/packages.

    package.py [deb] [tarball]     both by default
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

import tarball

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "build" / "packages"
RELEASE = ROOT / "build" / "release"


def make_debian(output):
    """Makes the Debian package in the folder `output` and returns its path."""
    with tempfile.TemporaryDirectory(dir=RELEASE) as work:
        result = subprocess.run(["cpack", "-G", "DEB", "-B", work], cwd=RELEASE, capture_output=True, text=True,
                                check=False)
        made = sorted(pathlib.Path(work).glob("*.deb"))
        if result.returncode != 0 or len(made) != 1:
            raise SystemExit(f"{result.stdout}{result.stderr}carillon: cpack made {len(made)} packages")
        output.mkdir(parents=True, exist_ok=True)
        return pathlib.Path(shutil.move(made[0], output / made[0].name))


def make_tarballs(output):
    """Makes the tarball and the one of its debug symbols, and returns their paths."""
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output) as work:
        return tarball.make(output, pathlib.Path(work))


def report(path):
    print(f"carillon: {path.relative_to(ROOT)}, {path.stat().st_size / 1e6:.1f} MB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="deb|tarball")
    kinds = parser.parse_args().kinds or ["deb", "tarball"]
    if set(kinds) - {"deb", "tarball"}:
        parser.error("the kinds of packages are deb and tarball")
    if "deb" in kinds:
        print("carillon: making the Debian package", flush=True)
        report(make_debian(PACKAGES))
    if "tarball" in kinds:
        print("carillon: making the tarball", flush=True)
        for path in make_tarballs(PACKAGES):
            report(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())

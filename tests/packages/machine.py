"""A Debian system in a folder, with processes, mounts and a network of its own.

It is made by debootstrap once and kept in build/chroots. Each machine is an overlay on it, or on what another machine
has changed in it. Needs root.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
CHROOTS = ROOT / "build" / "chroots"
MIRROR = os.environ.get("CARILLON_DEBIAN_MIRROR", "http://deb.debian.org/debian")
PYTHON = "/usr/bin/python3"  # Debian's, which has the Debian packages seccomp and websockets
# Becomes process 1 of the machine; everything in it ends with it.
FIRST = """
ip link set lo up && mount --make-rprivate / &&
mount -t overlay overlay -o "lowerdir=$3,upperdir=$4/upper,workdir=$4/work" "$1" &&
mount -t proc proc "$1/proc" && mount --bind "$2" "$1/var/cache/apt/archives" && echo ready && exec sleep infinity
"""


def until(what, condition, seconds=15):
    """Waits until `condition` returns something true, and returns it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        threading.Event().wait(0.05)
    raise TimeoutError(f"{what}: not within {seconds} s")


def base_system(suite):
    """The folder of an untouched minimal system, made when it is not there yet."""
    folder = CHROOTS / suite
    if not (folder / "etc" / "debian_version").exists() or (folder / "debootstrap").exists():
        shutil.rmtree(folder, ignore_errors=True)
        CHROOTS.mkdir(parents=True, exist_ok=True)
        made = subprocess.run(["debootstrap", "--variant=minbase", suite, folder, MIRROR], capture_output=True,
                              text=True, check=False)
        if made.returncode != 0:
            raise RuntimeError(f"debootstrap {suite} failed (it needs root and the network):\n{made.stdout[-2000:]}")
    return folder


class Machine:
    """A system that runs; a context manager. `layers`: the folders that it begins with, the topmost first.

    `root` is its folder as programs see it that entered its mounts, `files` the same folder for this process."""

    def __init__(self, *layers):
        self.layers = layers

    def __enter__(self):
        CHROOTS.mkdir(parents=True, exist_ok=True)
        self.temporary = tempfile.TemporaryDirectory(dir=CHROOTS, prefix="machine-")
        self.folder = pathlib.Path(self.temporary.name)
        self.root = self.folder / "root"
        for name in ("root", "upper", "work"):
            (self.folder / name).mkdir()
        archives = CHROOTS / f"archives-{self.layers[-1].name}"
        (archives / "partial").mkdir(parents=True, exist_ok=True)
        # Without --kill-child they would outlive a test that is killed.
        errors = open(self.folder / "errors", "wb")
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", FIRST, "sh", self.root,
             archives, ":".join(map(str, self.layers)), self.folder], stdout=subprocess.PIPE, stderr=errors,
            text=True)
        errors.close()
        if self.holder.stdout.readline() != "ready\n":
            raise RuntimeError("the machine does not start; it needs root, namespaces and overlayfs: "
                               + (self.folder / "errors").read_text())
        self.first = int(pathlib.Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text().split()[0])
        self.files = pathlib.Path(f"/proc/{self.first}/root{self.root}")
        self.started = []
        shutil.copy("/etc/resolv.conf", self.files / "etc/resolv.conf")
        return self

    def __exit__(self, *_):
        self.stop()
        self.temporary.cleanup()

    def stop(self):
        """Ends everything in it; what it has changed stays in the folder `upper`, a layer for others."""
        if self.holder.returncode is not None:
            return
        for process in self.started:
            process.kill()
            process.wait()
        os.kill(self.first, signal.SIGKILL)
        self.holder.wait()
        self.holder.stdout.close()

    def entered(self, *namespaces):
        return ["nsenter", "-t", str(self.first), *(f"--{name}" for name in namespaces)]

    def run(self, *command, network="own", check=True, environment=None):
        """Runs a command as root in the machine and returns it with its output. network="host": it reaches the
        package mirrors."""
        namespaces = ("mount", "pid", "net") if network == "own" else ("mount", "pid")
        result = subprocess.run(
            [*self.entered(*namespaces), "chroot", self.root, *command], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, check=False, timeout=300,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive",
                 **(environment or {})})
        if check and result.returncode != 0:
            raise AssertionError(f"{command} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
        return result

    def apt_install(self, *packages):
        self.run("apt-get", "-qq", "-o", "APT::Keep-Downloaded-Packages=true", "install", "-y",
                 "--no-install-recommends", *packages, network="host")

    def start(self, command, log=None):
        """Starts a command of this computer, not of the machine, in the machine's network."""
        output = open(log, "ab") if log else subprocess.PIPE
        process = subprocess.Popen([*self.entered("net"), *map(str, command)], stdin=subprocess.DEVNULL,
                                   stdout=output, stderr=subprocess.STDOUT if log else None, text=not log)
        if log:
            output.close()
        self.started.append(process)
        return process

    def start_as(self, user, command, log, cwd="/", environment=None):
        """Starts a command of the machine as `user`; everything that it prints goes to the file `log`."""
        with open(log, "ab") as output:
            process = subprocess.Popen(
                [*self.entered("mount", "pid", "net"), PYTHON, HERE / "service.py", "plain", self.root, user, cwd,
                 *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={"PATH": "/usr/bin:/bin", **(environment or {})})
        self.started.append(process)
        return process

    def start_unit(self, which, log, main_pid=0):
        """Starts a command of the unit carillon.service; everything that it prints goes to the file `log`."""
        with open(log, "ab") as output:
            process = subprocess.Popen(
                [*self.entered("mount", "pid", "net"), PYTHON, HERE / "service.py", "unit", self.root, which,
                 str(main_pid)], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.started.append(process)
        return process

    def client(self, *arguments):
        """Starts client.py in the machine's network; its standard output is a pipe."""
        return self.start([PYTHON, HERE / "client.py", *arguments])

    def get(self, url):
        """(status, body) of a GET; (0, why) when there is no answer."""
        process = self.client("get", url)
        status, _, body = process.communicate(timeout=20)[0].partition("\n")
        return int(status), body

    def pids(self):
        """The processes `carillon` of the machine, by their numbers in it."""
        return {int(pid) for pid in self.run("pidof", "carillon", check=False).stdout.split()}


class Client:
    """A WebSocket client in a machine: what it has received, and how it was closed."""

    def __init__(self, machine, url):
        self.process = machine.client("receive", url)
        self.messages = []
        self.closed = None
        self.is_open = False
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        until(f"a connection to {url}", lambda: self.is_open or self.closed is not None)

    def _read(self):
        for line in self.process.stdout:
            word, _, rest = line.rstrip("\n").partition(" ")
            if word == "open":
                self.is_open = True
            elif word == "message":
                self.messages.append(rest)
            else:
                self.closed = rest

    def received(self, text, seconds=15):
        """Waits for a message that contains `text`."""
        return until(f"a message with {text}", lambda: next((each for each in self.messages if text in each), None),
                     seconds)


if os.geteuid() != 0:
    sys.exit("the tests of the packages install them in a system of their own, and need root")

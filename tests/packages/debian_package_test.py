"""The Debian package, installed by apt in a Debian 12 that has nothing but the minimum."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from machine import ROOT, Client, Machine, base_system, until

sys.path.insert(0, str(ROOT / "tools"))
import package  # noqa: E402

CONFIG = "etc/carillon/carillon.toml"
UNIT = ROOT / "deploy" / "systemd" / "carillon.service"
SCRIPTS = [ROOT / "deploy" / "debian" / name for name in ("postinst", "prerm", "postrm")]
NEWER = "0.99.0"
# Stands in for systemctl: notes its arguments, and answers as the files /tmp/stopped and /tmp/cannot-reload want it.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>/tmp/calls
case "$*" in
  *is-enabled*) echo enabled ;;
  *is-active*) [ ! -e /tmp/stopped ] ;;
  *"reload carillon.service"*) [ ! -e /tmp/cannot-reload ] ;;
esac
"""
UNRELATED = re.compile(r"\./(proc|dev|tmp|run/adduser|var/(log|cache|lib/(dpkg|apt))|etc/(passwd|group|g?shadow|sub[ug]id)-$)")
EXPOSURE_MAX = 2.0  # of `systemd-analyze security`


class Installed(Machine):
    """A machine with the package, and the service as its unit describes it."""

    def __enter__(self):
        super().__enter__()
        self.log = self.folder / "service.log"
        return self

    def read(self, path):
        return (self.files / path).read_text()

    def serve(self):
        """Starts the service and returns its process number when it is healthy."""
        process = self.start_unit("ExecStart", self.log)
        def is_healthy():
            if process.poll() is not None:
                raise AssertionError(f"the service has ended with {process.returncode}:\n{self.log.read_text()}")
            return self.get("http://127.0.0.1:8000/health")[0] == 200
        until("a healthy service", is_healthy)
        return self.pids().pop()

    def reload(self, main_pid):
        """Runs ExecReload of the unit and returns its exit code."""
        return self.start_unit("ExecReload", self.log, main_pid).wait(60)

    def token(self):
        secret = self.read("etc/carillon/jwt.secret")
        return self.run("carillon", "token", environment={"CARILLON_JWT_SECRET": secret}).stdout.strip()

    def open_client(self):
        client = Client(self, f"ws://127.0.0.1:8000/ws?token={self.token()}")
        if not client.is_open:
            raise AssertionError(f"the client was refused: {client.closed}")
        return client

    def publish(self, data):
        key = self.read("etc/carillon/api.key")
        answer, _ = self.client("publish", "http://127.0.0.1:8000/v1/publish", key, "orion.test", data).communicate()
        if not answer.startswith("200\n"):
            raise AssertionError(f"publish: {answer}")

    def install(self, deb):
        """Gives the package to apt, as `apt install ./carillon.deb`."""
        shutil.copy(deb, self.files / "tmp")
        self.apt_install(f"/tmp/{deb.name}")

    def listing(self):
        """The names of all files and folders, but for logs, caches, the lists of dpkg and what adduser leaves."""
        names = subprocess.run(["find", ".", "-xdev"], cwd=self.files, capture_output=True, text=True, check=True).stdout
        return {name for name in names.splitlines() if not UNRELATED.match(name)}


def setUpModule():
    """Makes the package, and the same one with a higher version."""
    global deb, newer
    folder = tempfile.TemporaryDirectory(dir=ROOT / "build")
    unittest.addModuleCleanup(folder.cleanup)
    subprocess.run(["ninja", "-j2", "-C", ROOT / "build" / "release", "package_files"], check=True,
                   stdout=subprocess.DEVNULL)
    deb = package.make_debian(pathlib.Path(folder.name))
    unpacked = pathlib.Path(folder.name, "unpacked")
    subprocess.run(["dpkg-deb", "-R", deb, unpacked], check=True)
    control = unpacked / "DEBIAN" / "control"
    control.write_text(re.sub("^Version: .*$", f"Version: {NEWER}", control.read_text(), flags=re.MULTILINE))
    newer = pathlib.Path(folder.name, f"carillon_{NEWER}.deb")
    subprocess.run(["dpkg-deb", "-b", "-Zgzip", unpacked, newer], check=True, stdout=subprocess.DEVNULL)


class DebianPackage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # One installation for all tests; each gets a machine on top of it.
        first = cls.enterClassContext(Installed(base_system("bookworm")))
        first.run("apt-get", "-qq", "update", network="host")
        # What the package depends on comes first, so that a test of what a purge leaves sees only the package.
        depends = subprocess.run(["dpkg-deb", "-f", deb, "Depends"], capture_output=True, text=True, check=True)
        first.apt_install(*re.findall(r"(?:^|, )([a-z0-9.+-]+)", depends.stdout))
        cls.before = first.listing()
        first.install(deb)
        first.stop()
        cls.layers = first.folder / "upper", *first.layers

    def setUp(self):
        self.machine = Installed(*self.layers)
        self.machine.__enter__()
        self.addCleanup(self.machine.__exit__)

    def modes(self, *paths):
        return self.machine.run("stat", "-c", "%A %U:%G", *paths).stdout.split("\n")[:-1]

    def test_secrets_are_made_on_the_machine_and_only_the_service_may_read_them(self):
        names = [f"/etc/carillon/{name}" for name in ("carillon.toml", "jwt.secret", "api.key")]
        self.assertEqual(self.modes(*names), ["-rw-r----- root:carillon"] * 3)
        secrets = [self.machine.read(name[1:]) for name in names[1:]]
        self.assertEqual([bool(re.fullmatch("[0-9a-f]{64}", secret)) for secret in secrets], [True, True])
        self.assertNotEqual(*secrets)
        contents = subprocess.run(["dpkg-deb", "-c", deb], capture_output=True, text=True, check=True).stdout
        self.assertNotRegex(contents, "jwt.secret|api.key")

    def test_the_manual_the_completions_and_the_unit_are_in_their_places(self):
        listed = set(self.machine.run("dpkg", "-L", "carillon").stdout.split("\n"))
        for path in ("/usr/bin/carillon", "/usr/share/man/man1/carillon.1.gz", "/usr/lib/systemd/system/carillon.service",
                     "/usr/share/bash-completion/completions/carillon", "/usr/share/zsh/vendor-completions/_carillon",
                     "/usr/share/fish/vendor_completions.d/carillon.fish", "/usr/share/doc/carillon/copyright"):
            self.assertIn(path, listed)
        wanted = self.machine.files / "etc/systemd/system/multi-user.target.wants/carillon.service"
        self.assertTrue(wanted.is_symlink(), "the unit is enabled")

    def test_the_service_is_healthy_as_installed_and_an_event_reaches_a_client(self):
        self.machine.serve()
        client = self.machine.open_client()
        self.machine.publish('{"hello":"world"}')
        self.assertIn('"payload":{"hello":"world"}', client.received("world"))
        listening = subprocess.run([*self.machine.entered("net"), "ss", "-Hltn"], capture_output=True, text=True,
                                   check=True).stdout
        self.assertEqual({line.split()[3] for line in listening.splitlines()}, {"127.0.0.1:8000"})

    def test_a_client_without_a_token_or_with_another_machines_is_refused(self):
        self.machine.serve()
        for token in ("", "?token=eyJhbGciOiJIUzI1NiJ9.e30.x"):
            client = Client(self.machine, f"ws://127.0.0.1:8000/ws{token}")
            self.assertIn("401", until("a refusal", lambda c=client: c.closed))

    def test_a_reload_of_the_unit_uses_the_changed_file_and_closes_no_client(self):
        pid = self.machine.serve()
        client = self.machine.open_client()
        config = self.machine.files / CONFIG
        config.write_text(config.read_text() + "limits.connections = 5\n")
        self.assertEqual(self.machine.reload(pid), 0, self.machine.log.read_text())
        self.assertIn("limits.connections", self.machine.log.read_text())
        self.machine.publish('{"n":2}')
        client.received('"n":2')
        self.assertEqual(self.machine.pids(), {pid})
        config.write_text(config.read_text() + "limits.conections = 5\n")
        self.assertEqual(self.machine.reload(pid), 1)

    def test_an_upgrade_leaves_the_running_process_alone_and_keeps_the_configuration(self):
        pid = self.machine.serve()
        client = self.machine.open_client()
        config = self.machine.files / CONFIG
        config.write_text(config.read_text() + "# mine\n")
        secret = self.machine.read("etc/carillon/jwt.secret")
        self.machine.run("chmod", "0600", "/etc/carillon/api.key")
        self.machine.install(newer)
        self.assertEqual(self.machine.run("dpkg-query", "-W", "-f", "${Version}", "carillon").stdout, NEWER)
        self.assertTrue(config.read_text().endswith("# mine\n"))
        self.assertEqual(self.machine.read("etc/carillon/jwt.secret"), secret)
        self.assertEqual(self.modes("/etc/carillon/carillon.toml", "/etc/carillon/api.key"),
                         ["-rw-r----- root:carillon", "-rw------- root:carillon"])
        self.machine.run("chmod", "0640", "/etc/carillon/api.key")
        self.machine.publish('{"n":3}')
        client.received('"n":3')
        # On the bus memory: a takeover is not possible; the process that runs is left as it is, for a restart.
        self.assertEqual(self.machine.reload(pid), 1)
        self.assertIn("in-process bus", self.machine.log.read_text())
        self.assertEqual(self.machine.pids(), {pid})

    def test_after_an_upgrade_the_reload_of_the_unit_is_a_takeover_by_the_new_version(self):
        redis = self.machine.folder / "redis.log"
        self.machine.start(["redis-server", "--port", "6379", "--save", "", "--dir", redis.parent], redis)
        config = self.machine.files / CONFIG
        config.write_text(config.read_text().replace('url = "memory:"', 'url = "redis://127.0.0.1:6379"'))
        pid = self.machine.serve()
        until("the bus", lambda: self.machine.get("http://127.0.0.1:8000/ready")[0] == 200)
        client = self.machine.open_client()
        self.machine.install(newer)
        self.assertEqual(self.machine.reload(pid), 0, self.machine.log.read_text())
        self.assertEqual(until("the code of the close", lambda: client.closed), "1001")
        until("the end of the old process", lambda: pid not in self.machine.pids())
        new_pid = self.machine.pids().pop()
        self.machine.open_client().closed = None
        self.machine.publish('{"n":4}')
        # It is the installed program now, so the next reload is one of the configuration.
        self.assertEqual(self.machine.reload(new_pid), 0)
        self.assertEqual(self.machine.pids(), {new_pid})

    def what_systemd_is_asked(self, command, *states):
        """Runs a command of apt where systemd seems to run, and returns what it is asked to do with the service."""
        calls = self.machine.files / "tmp/calls"
        for path in (calls, *(self.machine.files / "tmp" / name for name in ("stopped", "cannot-reload"))):
            path.unlink(missing_ok=True)
        for state in states:
            (self.machine.files / "tmp" / state).touch()
        command()
        return [word for word in re.findall(r"(start|reload|restart|stop|daemon-reload)(?: carillon.service)?$",
                                            calls.read_text(), re.MULTILINE) if word != "daemon-reload"]

    def test_where_systemd_runs_an_upgrade_reloads_the_service_or_else_restarts_it(self):
        (self.machine.files / "run/systemd/system").mkdir(parents=True, exist_ok=True)
        systemctl = self.machine.files / "usr/bin/systemctl"
        systemctl.write_text(SYSTEMCTL)
        systemctl.chmod(0o755)
        def install(which):
            return lambda: self.machine.install(which)
        def apt(verb):
            return lambda: self.machine.run("apt-get", "-qq", verb, "-y", "carillon")
        self.assertEqual(self.what_systemd_is_asked(install(newer)), ["reload"])
        self.assertEqual(self.what_systemd_is_asked(apt("remove")), ["stop"])
        self.assertEqual(self.what_systemd_is_asked(install(deb), "stopped"), ["start"])
        self.assertEqual(self.what_systemd_is_asked(install(newer), "cannot-reload"), ["reload", "restart"])
        self.assertEqual(self.what_systemd_is_asked(apt("remove")), ["stop"])
        self.what_systemd_is_asked(install(deb))
        self.assertEqual(self.what_systemd_is_asked(install(newer), "stopped"), [])
        self.what_systemd_is_asked(apt("purge"))
        self.assertEqual(self.what_systemd_is_asked(install(newer)), ["start"])

    def test_a_removal_ends_the_process_and_keeps_the_configuration(self):
        self.machine.serve()
        client = self.machine.open_client()
        self.machine.run("apt-get", "-qq", "remove", "-y", "carillon")
        self.assertEqual(self.machine.pids(), set())
        self.assertEqual(until("the code of the close", lambda: client.closed), "1001")
        self.assertFalse((self.machine.files / "usr/bin/carillon").exists())
        self.assertTrue((self.machine.files / CONFIG).exists())
        self.machine.install(deb)
        self.machine.serve()

    def test_after_a_purge_nothing_is_left(self):
        self.machine.serve()
        self.machine.run("apt-get", "-qq", "purge", "-y", "carillon")
        self.assertEqual(self.machine.pids(), set())
        self.assertEqual(self.machine.listing() - self.before, set())
        self.assertNotIn("carillon", self.machine.read("etc/passwd") + self.machine.read("etc/group"))
        self.assertEqual(self.machine.run("dpkg", "-L", "carillon", check=False).returncode, 1)

    def test_a_purge_leaves_the_files_that_the_administrator_added(self):
        own = self.machine.files / "etc/carillon/server.pem"
        own.write_text("mine")
        self.machine.run("apt-get", "-qq", "purge", "-y", "carillon")
        self.assertEqual([path.name for path in own.parent.iterdir()], ["server.pem"])


class PackageFiles(unittest.TestCase):
    def test_lintian_has_nothing_to_say_about_the_package(self):
        result = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", deb], capture_output=True,
                                text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_shellcheck_has_nothing_to_say_about_the_scripts(self):
        result = subprocess.run(["shellcheck", *SCRIPTS], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_systemd_accepts_the_unit_and_finds_little_exposed(self):
        with tempfile.TemporaryDirectory() as folder:
            # `verify` looks for the program and the manual, which are not installed here.
            unit = pathlib.Path(folder) / "carillon.service"
            unit.write_text(UNIT.read_text().replace("/usr/bin/carillon", "/bin/true").replace("man:carillon(1)", "man:man(1)"))
            verified = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True,
                                      check=False)
        self.assertEqual((verified.returncode, verified.stderr), (0, ""))
        security = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=true", UNIT],
                                  capture_output=True, text=True, check=False).stdout
        exposure = float(re.search(r"exposure level for carillon.service: ([\d.]+)", security).group(1))
        self.assertLessEqual(exposure, EXPOSURE_MAX)


if __name__ == "__main__":
    unittest.main()

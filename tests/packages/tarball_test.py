"""The tarball, unpacked in a Debian 13 that has nothing but the minimum."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

from machine import HERE, PYTHON, ROOT, Client, Machine, base_system, until

sys.path.insert(0, str(ROOT / "tools"))
import package  # noqa: E402
import tarball  # noqa: E402

README_LINES_MAX = 66  # a page
KEY_SET_PORT = 8443
KEY_SET_CONFIG = f"""
[server]
listen = ["127.0.0.1:8000"]
[keys.id]
algorithms = ["EdDSA"]
jwks_url = "https://127.0.0.1:{KEY_SET_PORT}/keys"
jwks_ca_file = "/opt/carillon/ca.pem"
[[endpoint]]
profile = "orion"
"""


class Unpacked(Machine):
    """A machine with the tarball in /opt/carillon."""

    def __init__(self, archive, *layers):
        super().__init__(*layers)
        self.archive = archive

    def __enter__(self):
        super().__enter__()
        self.log = self.folder / "carillon.log"
        with tarfile.open(self.archive) as content:
            content.extractall(self.files / "opt")
        next((self.files / "opt").iterdir()).rename(self.files / "opt/carillon")
        return self

    def start_carillon(self, *arguments, environment=None):
        """Starts the program as an ordinary user, in its folder."""
        return self.start_as("nobody", ["./carillon", *arguments], self.log, cwd="/opt/carillon",
                             environment={"HOME": "/tmp", **(environment or {})})

    def carillon(self, *arguments, environment=None):
        return self.run("sh", "-c", 'cd /opt/carillon && exec ./carillon "$@"', "sh", *arguments,
                        environment=environment, check=False)

    def is_up(self):
        return self.get("http://127.0.0.1:8000/health")[0] == 200


class Tarball(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(dir=ROOT / "build")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        configured = subprocess.run(["cmake", "--preset", "portable"], cwd=ROOT, capture_output=True, text=True, check=False)
        built = subprocess.run(["ninja", "-j2", "-C", ROOT / "build" / "portable", "package_files"],
                               capture_output=True, text=True, check=False)
        if configured.returncode != 0 or built.returncode != 0:
            raise AssertionError(configured.stderr + built.stdout[-4000:])
        cls.archive, cls.debug = package.make_tarballs(cls.folder)
        with tarfile.open(cls.archive) as content:
            content.extractall(cls.folder)
        cls.content = cls.folder / cls.archive.name.removesuffix(".tar.gz")
        cls.base = base_system("trixie")

    def machine(self):
        return self.enterContext(Unpacked(self.archive, self.base))

    def test_the_program_needs_only_glibc_and_no_newer_one_than_2_34(self):
        self.assertEqual(tarball.newer_glibc(self.content / "carillon"), [])
        self.assertLessEqual(set(tarball.needed_libraries(self.content / "carillon")),
                             {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"})

    def test_it_has_all_that_the_page_of_instructions_names(self):
        text = (self.content / "README.txt").read_text()
        self.assertLessEqual(len(text.splitlines()), README_LINES_MAX)
        self.assertNotIn("@", text)
        for name in ("carillon", "carillon.service", "profiles/orion.toml", "carillon.1", "LICENSE",
                     "completions/carillon.bash", "completions/_carillon", "completions/carillon.fish"):
            self.assertTrue((self.content / name).is_file(), name)
        self.assertEqual({path.stem for path in (self.content / "licences").iterdir()}, set(tarball.LIBRARIES))

    def test_the_debug_symbols_belong_to_the_program(self):
        def build_id(file):
            notes = subprocess.run(["readelf", "-n", file], capture_output=True, text=True, check=True).stdout
            return re.search(r"Build ID: (\w+)", notes).group(1)
        with tarfile.open(self.debug) as content:
            content.extractall(self.folder)
        symbols = self.content / "carillon.debug"
        self.assertEqual(build_id(symbols), build_id(self.content / "carillon"))
        symbols.unlink()

    def test_dev_shows_its_page_and_a_client_receives_sample_events(self):
        machine = self.machine()
        machine.start_carillon("dev", "--listen", "127.0.0.1:8000")
        until("the page", lambda: machine.get("http://127.0.0.1:8000/")[0] == 200)
        self.assertIn("<html", machine.get("http://127.0.0.1:8000/")[1])
        token = until("a token", lambda: re.search(r"^TOKEN is, .*\n(\S+)\n", machine.log.read_text(), re.MULTILINE))
        url = re.search(r"ws://[\w.:]+/ws\?token=TOKEN", machine.log.read_text())
        client = Client(machine, url.group(0).replace("TOKEN", token.group(1)))
        self.assertIn("payload", json.loads(client.received("orion.")))

    def test_what_the_instructions_say_leads_to_an_event(self):
        machine = self.machine()
        for verb in (("config", "init"), ("check",)):
            done = machine.carillon(*verb)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # As root, whose command made the keys.
        machine.start_as("root", ["./carillon", "serve"], machine.log, cwd="/opt/carillon")
        until("an answer", machine.is_up)
        token = machine.carillon("token", "--sub", "ada").stdout.strip()
        client = Client(machine, f"ws://127.0.0.1:8000/ws?token={token}")
        published = machine.carillon("publish", "orion.test", '{"hello":"world"}')
        self.assertEqual(published.returncode, 0, published.stderr)
        client.received('{"hello":"world"}')

    def test_as_a_service_it_runs_with_its_unit_and_can_be_replaced_while_it_runs(self):
        machine = self.machine()
        part = re.search(r"^As a service\n-+\n.*?\n\n(.*?)\n\n", (self.content / "README.txt").read_text(), re.DOTALL | re.MULTILINE)
        commands = [line.strip() for line in part.group(1).splitlines() if "systemctl" not in line]
        self.assertEqual(len(commands), 4)
        machine.run("sh", "-ec", "cd /opt/carillon\n" + "\n".join(commands))
        process = machine.start_unit("ExecStart", machine.log)
        until("an answer", machine.is_up)
        shutil.copy(self.archive, machine.files / "tmp/new.tar.gz")
        machine.run("tar", "xzf", "/tmp/new.tar.gz", "--strip-components=1", "-C", "/opt/carillon")
        self.assertTrue(machine.is_up())
        self.assertIsNone(process.poll())
        self.assertEqual(machine.carillon("version").returncode, 0)

    def test_systemd_accepts_the_unit(self):
        unit = self.folder / "carillon.service"
        unit.write_text((self.content / "carillon.service").read_text().replace("/opt/carillon/carillon", "/bin/true"))
        verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
        self.assertEqual((verified.returncode, verified.stderr), (0, ""))

    def test_a_wrong_argument_is_an_error_message(self):
        # CLI11 throws: the unwinder's own search (deploy/portable) finds the handler.
        result = self.machine().carillon("token", "--ttl", "x")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("--ttl", result.stderr)

    def test_its_metrics_are_those_of_the_shared_library(self):
        def series(page):
            """The lines, each without its value."""
            return [line if line.startswith("#") else line.rpartition(" ")[0] for line in page.splitlines()]
        pages = []
        for binary in (ROOT / "build/release/carillon", self.content / "carillon"):
            config = self.folder / "metrics.toml"
            config.write_text('[server]\nlisten = ["127.0.0.1:8000"]\nshards = 1\n[[endpoint]]\nprofile = "echo"\n')
            machine = self.machine()
            machine.start([binary, "serve", config], machine.log)
            until("an answer", machine.is_up)
            pages.append(series(machine.get("http://127.0.0.1:8000/metrics")[1]))
        self.assertGreater(len(pages[0]), 300)
        self.assertEqual(*pages)

    def test_its_size_and_the_time_of_its_start_are_printed(self):
        machine = self.machine()
        started = time.monotonic()
        machine.start_carillon("dev", "--listen", "127.0.0.1:8000")
        until("the first screen", lambda: "ws://" in machine.log.read_text())
        took = (time.monotonic() - started) * 1000
        sizes = [path.stat().st_size / 1e6 for path in (self.archive, self.content / "carillon", self.debug)]
        print(f"start {took:.0f} ms; tarball {sizes[0]:.1f} MB, program {sizes[1]:.1f} MB, symbols {sizes[2]:.1f} MB")

    def machine_with_provider(self):
        """A machine, and in its network a provider whose certificate keys.toml trusts."""
        machine = self.machine()
        certificate, key = machine.folder / "ca.pem", machine.folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
            check=True, capture_output=True)
        shutil.copy(certificate, machine.files / "opt/carillon/ca.pem")
        (machine.files / "opt/carillon/keys.toml").write_text(KEY_SET_CONFIG)
        process = machine.start([PYTHON, HERE / "provider.py", certificate, key, KEY_SET_PORT])
        self.assertEqual(process.stdout.readline(), "ready\n")
        return machine

    def test_without_libcurl_a_key_set_says_which_package_to_install(self):
        doctor = self.machine_with_provider().carillon("doctor", "/opt/carillon/keys.toml")
        self.assertRegex(doctor.stdout + doctor.stderr, "libcurl, which is not installed .Debian package libcurl4.")

    def test_with_the_libcurl_of_the_system_a_key_set_is_fetched_over_https(self):
        # It brings the system's OpenSSL, which is another one than the program has inside.
        machine = self.machine_with_provider()
        machine.run("apt-get", "-qq", "update", network="host")
        machine.apt_install("libcurl4")
        doctor = machine.carillon("doctor", "/opt/carillon/keys.toml")
        self.assertRegex(doctor.stdout, "keys.id.*1 key")
        machine.start_carillon("serve", "keys.toml")
        until("an answer", machine.is_up)
        until("the key", lambda: re.search('carillon_key_set_keys{[^}]*} 1', machine.get("http://127.0.0.1:8000/metrics")[1]))


if __name__ == "__main__":
    unittest.main()

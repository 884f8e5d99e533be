"""The files of deploy/docker and deploy/kubernetes. Nothing of them is run: they are parsed, held to the schemas, and
compared with the binary, with its configuration and with each other."""

import os
import pathlib
import re
import shlex
import shutil
import site
import subprocess
import sys
import tempfile
import tomllib
import unittest

from harness import API_KEY, BINARY, ROOT, SECRET

DOCKER = ROOT / "deploy" / "docker"
KUBERNETES = ROOT / "deploy" / "kubernetes"
KUBERNETES_VERSION = "1.37.0"
REQUIREMENTS = ROOT / "tests" / "integration" / "requirements.txt"
VENV = ROOT / "build" / "deploy-venv"
LAST_BYTES_S = 2  # what a shutdown may take after drain_delay and drain
# In the image although the binary is not linked with it: loaded when it is needed, and the issuers of certificates.
NOT_LINKED = {"ca-certificates", "libcurl4"}
# In every Debian, or required by libstdc++6.
ALWAYS_THERE = {"libc6", "libgcc-s1"}


def run(*command, **options):
    return subprocess.run([str(word) for word in command], text=True, capture_output=True, check=False, timeout=300, **options)


def install_tools():
    """The parsers and linters of requirements.txt, once for each version of it."""
    stamp = VENV / "installed.txt"
    if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
        run(sys.executable, "-m", "venv", "--clear", VENV)
        done = run(VENV / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS)
        if done.returncode != 0:
            raise RuntimeError(f"pip install failed: check the network (pypi.org):\n{done.stdout}{done.stderr}")
        stamp.write_text(REQUIREMENTS.read_text())
    for packages in VENV.glob("lib/python3*/site-packages"):
        site.addsitedir(str(packages))


def documents(folder):
    import yaml
    return [document for file in sorted(folder.glob("*.yaml")) for document in yaml.safe_load_all(file.read_text())]


def of_kind(kind):
    [found] = [document for document in documents(KUBERNETES) if document["kind"] == kind]
    return found


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60}[unit]


def shutdown_seconds(config):
    """The longest shutdown of a gateway with this configuration."""
    server = tomllib.loads(config)["server"]
    return seconds(server.get("drain_delay", "0s")) + seconds(server.get("drain", "8s")) + LAST_BYTES_S


def check(config, **environment):
    """What `carillon check` says of a configuration: (exit code, everything that it writes)."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "carillon.toml"
        file.write_text(config)
        done = run(BINARY, "check", file, env={**os.environ, **environment})
        return done.returncode, done.stdout + done.stderr


class DeployFiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_tools()

    def assert_accepted(self, config, **environment):
        """`carillon check` accepts it, and warns only that TLS must be in front."""
        code, output = check(config, **environment)
        self.assertEqual(code, 0, output)
        [warning] = [line for line in output.split("\n") if line.startswith("warning:")]
        self.assertIn("put a proxy with TLS in front", warning)


class AllFiles(DeployFiles):
    def test_every_file_says_that_it_is_not_run_here(self):
        for file in [DOCKER / "Dockerfile", DOCKER / "compose.yaml", *KUBERNETES.glob("*.yaml")]:
            self.assertIn("Not run here", file.read_text(), file.name)


class Dockerfile(DeployFiles):
    def setUp(self):
        from dockerfile_parse import DockerfileParser
        self.steps = [(step["instruction"], step["value"])
                      for step in DockerfileParser(path=str(DOCKER / "Dockerfile"), cache_content=True).structure]

    def values(self, instruction):
        return [value for name, value in self.steps if name == instruction]

    def copied(self):
        """(what, whereto) of each COPY from the context."""
        for value in self.values("COPY"):
            words = value.split()
            if not words[0].startswith("--from"):
                for word in words[:-1]:
                    yield word, words[-1]

    def test_hadolint_finds_nothing(self):
        done = run(VENV / "bin" / "hadolint", DOCKER / "Dockerfile")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_the_context_has_exactly_what_is_copied(self):
        lines = [line for line in (ROOT / ".dockerignore").read_text().split("\n") if line and not line.startswith("#")]
        self.assertEqual(lines[0], "*")
        self.assertEqual(sorted(lines[1:]), sorted(f"!{what}" for what, _ in self.copied()))

    def test_what_is_copied_exists_and_is_enough_to_configure_the_build(self):
        with tempfile.TemporaryDirectory() as folder:
            for what, whereto in self.copied():
                target = pathlib.Path(folder) / (whereto + pathlib.Path(what).name if whereto.endswith("/") else whereto)
                target.parent.mkdir(parents=True, exist_ok=True)
                (shutil.copytree if (ROOT / what).is_dir() else shutil.copy)(ROOT / what, target)
            done = run("cmake", "--preset", "release", "-DCARILLON_TESTS=OFF", cwd=folder)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_image_has_the_libraries_of_the_binary(self):
        linked = re.findall(r"=> (/\S+)", run("ldd", BINARY).stdout)
        # A package may own the file as /lib or as /usr/lib.
        paths = {path: {path, os.path.realpath(path), f"/usr{path}"} for path in linked}
        found = re.findall(r"^([\w.+-]+)\S*: (/\S+)$", run("dpkg", "-S", *set().union(*paths.values())).stdout, re.M)
        owners = set()
        for path, names in paths.items():
            owner = {package for package, file in found if file in names}
            self.assertEqual(len(owner), 1, path)
            owners |= owner
        [install] = [value for value in self.values("RUN") if "libssl3" in value]
        packages = set(install.split("--no-install-recommends")[1].split("&&")[0].split())
        self.assertEqual(packages - NOT_LINKED, owners - ALWAYS_THERE)

    def test_the_process_is_not_root_and_is_asked_to_drain(self):
        self.assertEqual(self.values("USER"), ["65532:65532"])
        self.assertEqual(self.values("STOPSIGNAL"), ["SIGTERM"])
        self.assertEqual(self.values("EXPOSE"), ["8000"])
        self.assertEqual(self.values("FROM")[-1], "debian:bookworm-slim")


class Compose(DeployFiles):
    def setUp(self):
        [self.file] = documents(DOCKER)
        self.config = (DOCKER / "carillon.toml").read_text()

    def test_both_services_are_confined_and_checked(self):
        for name, service in self.file["services"].items():
            self.assertIs(service["read_only"], True, name)
            self.assertEqual(service["cap_drop"], ["ALL"], name)
            self.assertEqual(service["security_opt"], ["no-new-privileges:true"], name)
            self.assertIn(service["healthcheck"]["test"][0], ("CMD",), name)

    def test_the_gateway_has_time_to_drain_descriptors_and_a_place_for_its_control_socket(self):
        service = self.file["services"]["carillon"]
        self.assertGreater(seconds(service["stop_grace_period"]), shutdown_seconds(self.config))
        self.assertEqual(service["ulimits"]["nofile"], {"soft": 1048576, "hard": 1048576})
        control = tomllib.loads(self.config)["server"]["control"]
        self.assertTrue(service["tmpfs"][0].startswith(f"{pathlib.PurePath(control).parent}:mode=0700,uid=65532,gid=65532"))
        self.assertEqual(service["depends_on"]["redis"]["condition"], "service_healthy")
        self.assertTrue((DOCKER / service["build"]["context"] / service["build"]["dockerfile"]).resolve().is_file())
        for volume in service["volumes"]:
            self.assertTrue((DOCKER / volume.split(":")[0]).is_file(), volume)

    def test_only_loopback_is_published_and_redis_not_at_all(self):
        self.assertEqual(self.file["services"]["carillon"]["ports"], ["127.0.0.1:8000:8000"])
        self.assertNotIn("ports", self.file["services"]["redis"])
        self.assertEqual(self.file["networks"]["bus"], {"internal": True})


class Kubernetes(DeployFiles):
    def setUp(self):
        self.pod = of_kind("Deployment")["spec"]["template"]["spec"]
        [self.container] = self.pod["containers"]
        self.config = of_kind("ConfigMap")["data"]["carillon.toml"]

    def test_the_files_are_valid_for_the_schemas(self):
        files = sorted(KUBERNETES.glob("*.yaml"))
        done = run(VENV / "bin" / "kubernetes-validate", "--strict", "-k", KUBERNETES_VERSION, *files)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual((done.stdout + done.stderr).count(" passed for resource "), len(documents(KUBERNETES)))

    def test_the_kubelet_waits_longer_than_a_shutdown_takes(self):
        self.assertGreater(self.pod["terminationGracePeriodSeconds"], shutdown_seconds(self.config))
        readiness = self.container["readinessProbe"]
        noticed = readiness["periodSeconds"] * readiness["failureThreshold"] + readiness["timeoutSeconds"]
        self.assertGreater(seconds(tomllib.loads(self.config)["server"]["drain_delay"]), noticed)

    def test_probes_ports_and_labels_fit_each_other(self):
        self.assertEqual(self.container["readinessProbe"]["httpGet"], {"path": "/ready", "port": "http"})
        for probe in ("livenessProbe", "startupProbe"):
            self.assertEqual(self.container[probe]["httpGet"], {"path": "/health", "port": "http"})
        [port] = self.container["ports"]
        self.assertEqual(port["name"], "http")
        self.assertEqual(tomllib.loads(self.config)["server"]["listen"], [f"0.0.0.0:{port['containerPort']}"])
        labels = of_kind("Deployment")["spec"]["template"]["metadata"]["labels"]
        self.assertEqual(of_kind("Service")["spec"]["selector"], labels)
        for kind, key in (("Deployment", "selector"), ("PodDisruptionBudget", "selector"), ("NetworkPolicy", "podSelector")):
            self.assertEqual(of_kind(kind)["spec"][key]["matchLabels"], labels, kind)

    def test_the_container_is_hardened_and_runs_as_the_user_of_the_image(self):
        context = self.pod["securityContext"]
        self.assertEqual((context["runAsNonRoot"], context["runAsUser"], context["runAsGroup"]), (True, 65532, 65532))
        self.assertEqual(context["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertEqual(self.container["securityContext"], {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}})
        self.assertIs(self.pod["automountServiceAccountToken"], False)
        self.assertIn("memory", self.container["resources"]["limits"])

    def test_only_paths_of_endpoints_are_reachable_from_outside(self):
        [rule] = of_kind("Ingress")["spec"]["rules"]
        self.assertEqual([(path["path"], path["pathType"]) for path in rule["http"]["paths"]], [("/ws", "Exact")])


class Configurations(DeployFiles):
    def test_the_configuration_of_compose_is_accepted(self):
        self.assert_accepted((DOCKER / "carillon.toml").read_text(), CARILLON_JWT_SECRET=SECRET, CARILLON_API_KEY=API_KEY)

    def test_the_configuration_of_kubernetes_is_accepted_with_the_variables_of_its_secret_and_no_others(self):
        secret = of_kind("Secret")["stringData"]
        config = of_kind("ConfigMap")["data"]["carillon.toml"]
        self.assertEqual(set(re.findall(r'env = "(\w+)"', config)), set(secret))
        self.assert_accepted(config, **secret)

    def test_every_command_line_is_one_of_the_binary(self):
        for words in command_lines():
            file = "/nonexistent/carillon.toml"  # so that nothing starts
            done = run(BINARY, *[file if word == "/etc/carillon/carillon.toml" else word for word in words])
            self.assertNotIn("Try: carillon", done.stderr, shlex.join(words))
            self.assertIn(file, done.stdout + done.stderr, shlex.join(words))


def command_lines():
    """The arguments of every `carillon` in these files: commands in brackets, and commands in comments."""
    texts = [file.read_text() for folder in (DOCKER, KUBERNETES) for file in sorted(folder.iterdir())]
    found = []
    for text in texts:
        for inside in re.findall(r"(?:CMD|args:|test:) \[([^\]]*)\]", text):
            words = re.findall(r'"([^"]*)"', inside)
            found.append([word for word in words if word not in ("CMD", "/usr/bin/carillon")])
        found += [shlex.split(line) for line in re.findall(r"^\s*#.*/usr/bin/carillon (.*)$", text, re.M)]
    return [words for words in found if words[0] not in ("redis-cli",)]


if __name__ == "__main__":
    unittest.main()

"""The Python side of the harness: a gateway on its in-process bus, tokens, and the publish API."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = os.environ.get("CARILLON_BINARY", str(ROOT / "build" / "release" / "carillon"))
SECRET = "integration-tests-secret-0123456789abcdef"
API_KEY = "integration-tests-api-key-0123456789"
CONFIG = """
[server]
listen = ["127.0.0.1:0"]
drain = "1s"
[keys.main]
algorithms = ["HS256"]
secret = { env = "CARILLON_JWT_SECRET" }
[api]
keys = [{ env = "CARILLON_API_KEY" }]
[[endpoint]]
profile = "orion"
"""


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def mint_token(**claims):
    content = {"sub": "user-1", "exp": int(time.time()) + 3600, **claims}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, content))
    return f"{signed}.{base64url(hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).digest())}"


class Carillon:
    """A running gateway; a context manager that asks it to go and holds it to exit code 0."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        config = pathlib.Path(self.folder.name) / "gateway.toml"
        config.write_text(CONFIG)
        environment = {**os.environ, "CARILLON_JWT_SECRET": SECRET, "CARILLON_API_KEY": API_KEY}
        self.process = subprocess.Popen([BINARY, "serve", "--config", str(config)], env=environment, text=True,
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.lines = []
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if not self.ready.wait(10):
            self.process.kill()
            raise TimeoutError(f"no ready line within 10 s: {self.lines}")
        return self

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)
            log = json.loads(line) if line.startswith("{") else {}
            if log.get("message") == "ready":
                self.port = int(log["listen"].split(",")[0].rsplit(":", 1)[1])
                self.ready.set()

    def url(self, token):
        return f"ws://127.0.0.1:{self.port}/ws?token={token}"

    def publish(self, channel, data):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/publish", json.dumps({"channel": channel, "data": data}).encode(),
            {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def __exit__(self, *_):
        self.process.terminate()
        try:
            code = self.process.wait(10)
        finally:
            self.process.kill()
            self.reader.join(5)
            self.process.stderr.close()
            self.folder.cleanup()
        assert code == 0, f"carillon ended with {code}: {self.lines[-20:]}"

"""Servers of Node.js: ws and socket.io, from npm, each under a server of a few lines."""

import contextlib
import json
import os
import pathlib
import shutil

from harness.processes import free_port

from .peer import Installed, Peer, Running, first_line, install_with, needed, server

SOURCES = pathlib.Path(__file__).parent / "node"


def install_for(library, script):
    def install(bench):
        node, npm = needed("node"), needed("npm")
        folder = bench.build / "peers" / "node"
        lock = (SOURCES / "package-lock.json").read_text()
        shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
        done = folder / "installed.json"
        if not done.exists() or done.read_text() != lock:
            install_with([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder)
            done.write_text(lock)
        version = json.loads((folder / "node_modules" / library / "package.json").read_text())["version"]
        return Installed(f"{library} {version}, Node.js {first_line([node, '--version'])}", folder / script)
    return install


@contextlib.contextmanager
def script_at(bench, name, installed):
    port = free_port()
    environment = {**os.environ, "NODE_ENV": "production"}
    with server(bench, name, [needed("node"), installed.program, port], port, env=environment) as process:
        yield process, f"127.0.0.1:{port}"


def publishing(address):
    return ("--channel", "bench", "--publish", f"http://{address}/", "--publish-body", "$data")


@contextlib.contextmanager
def started_ws(bench, installed):
    with script_at(bench, "ws", installed) as (process, address):
        yield Running(process.pid, ("--url", f"ws://{address}/", *publishing(address)))


@contextlib.contextmanager
def started_socket_io(bench, installed):
    with script_at(bench, "socket_io", installed) as (process, address):
        yield Running(process.pid, (
            "--url", f"ws://{address}/socket.io/?EIO=4&transport=websocket", "--hello", "40", "--answer", "2=3",
            *publishing(address)))


WS = Peer("ws", "ws (Node.js)",
          "The broadcast that its documentation shows: the event is made once, as bytes, and sent to each client in a loop. "
          "No compression.", install_for("ws", "ws_server.mjs"), started_ws)

SOCKET_IO = Peer("socket-io", "socket.io (Node.js)",
                 "WebSocket only; clients join a room, which is what it broadcasts to. The request of each handshake is given "
                 "up, as its documentation advises to save memory.", install_for("socket.io", "socket_io_server.mjs"),
                 started_socket_io)

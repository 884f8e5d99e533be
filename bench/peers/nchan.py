"""nginx with the module nchan (Debian)."""

import contextlib
import os
import re

from harness.processes import free_port

from . import debian
from .peer import Installed, Peer, Running, first_line, server

PROGRAM = "usr/sbin/nginx"
MODULE = "usr/lib/nginx/modules/ngx_nchan_module.so"

CONFIGURATION = """
load_module {module};
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{
  worker_connections 20000;
}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000;
  tcp_nodelay on;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    nchan_channel_id $arg_id;
    nchan_subscriber_first_message newest;
    nchan_message_buffer_length 1000;
    location = /sub {{ nchan_subscriber websocket; }}
    location = /pub {{ nchan_publisher http; }}
  }}
}}
"""


def install(bench):
    root = debian.root_of(bench, ["nginx", "libnginx-mod-nchan"], [PROGRAM, MODULE])
    nginx = first_line([root / PROGRAM, "-v"]).rpartition("/")[2]
    nchan = re.search(rb"\0(1\.\d+\.\d+)\0", (root / MODULE).read_bytes())
    return Installed(f"nginx {nginx}, nchan {nchan[1].decode() if nchan else 'of the same Debian'}", root / PROGRAM)


@contextlib.contextmanager
def started(bench, installed):
    port = free_port()
    folder = bench.scratch / "nchan"
    folder.mkdir(exist_ok=True)
    module = installed.program.parents[2] / MODULE
    file = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # or the worker could not write below the build folder
    file.write_text(CONFIGURATION.format(module=module, user=user, folder=folder, port=port))
    command = [installed.program, "-e", folder / "error.log", "-p", folder, "-c", file]
    with server(bench, "nchan", command, port) as process:
        address = f"127.0.0.1:{port}"
        yield Running(process.pid, ("--url", f"ws://{address}/sub?id=bench", "--channel", "bench",
                                    "--publish", f"http://{address}/pub?id=$channel", "--publish-body", "$data"))


PEER = Peer("nchan", "nginx + nchan",
            "One worker process, which its core could not use more of; logs off; a buffer of 1,000 messages, so that "
            "no slow client loses one.", install, started)

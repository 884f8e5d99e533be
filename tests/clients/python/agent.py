"""Clients of Python's websockets, driven line by line; see ../README.md for the words.

CLIENT_CA names a PEM file with the certificate to trust for wss://.
"""

import asyncio
import base64
import os
import ssl
import sys

import websockets


def encode(text):
    return base64.b64encode(text.encode()).decode()


def report(*words):
    print(*words, sep="\t", flush=True)


class Agent:
    def __init__(self):
        self.open = {}
        self.tasks = set()
        self.trusted = ssl.create_default_context(cafile=os.environ["CLIENT_CA"]) if "CLIENT_CA" in os.environ else None

    def start(self, work):
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def follow(self, client, url, *headers):
        options = {"ssl": self.trusted} if url.startswith("wss:") else {}
        try:
            connecting = websockets.connect(
                url, extra_headers=[header.split(": ", 1) for header in headers], open_timeout=30, **options)
            async with connecting as connection:
                self.open[client] = connection
                report(client, "open")
                # What existing clients do: iterate, until the server closes.
                async for message in connection:
                    if isinstance(message, str):
                        report(client, "text", encode(message))
                    else:
                        report(client, "binary", len(message))
                report(client, "close", connection.close_code, encode(connection.close_reason))
        except websockets.InvalidStatusCode as refused:
            report(client, "refused", refused.status_code, encode(str(refused)))
        except websockets.ConnectionClosed as closed:
            report(client, "close", closed.rcvd.code if closed.rcvd else 1006, encode(closed.rcvd.reason if closed.rcvd else ""))
        except OSError as error:
            report(client, "refused", 0, encode(repr(error)))

    def obey(self, command, client, *words):
        if command == "open":
            self.start(self.follow(client, *words))
        elif command == "send":
            self.start(self.open[client].send(base64.b64decode(words[0]).decode()))
        elif command == "close":
            self.start(self.open[client].close(1000, "done"))

    async def run(self):
        reader = asyncio.StreamReader(limit=1 << 20)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            self.obey(*line.decode().rstrip("\n").split("\t"))


asyncio.run(Agent().run())

"""Many WebSocket clients that count received events, for the rows that need TLS, deflate, or clients that follow commands,
which `carillon bench` does not offer. Those rows measure only the server's CPU time and memory, so that this may be slow.

    python3 -m harness.swarm --port P [--path /ws] [--users] [--tls] [--deflate]

Reads commands from stdin, one per line, and answers each with a line of JSON once it is done:

    visit N               connect and disconnect N times, one after the other
    connect N             connect until there are N clients in total
    send COUNT TEMPLATE   each client sends COUNT messages; $i is its number, $k the message's
    await EVENTS          wait until each client has received EVENTS events since the start

It ends at the end of stdin. Tokens are minted with CARILLON_JWT_SECRET: one for all clients, or with --users one with its own
16-byte `sub` for each connection.
"""

import argparse
import json
import os
import select
import socket
import sys
import time

from .streams import PlainStream, TlsStream, tls_context
from .tokens import hs256, of_user

QUIET_S_MAX = 20
SOURCES = 16
IP_BIND_ADDRESS_NO_PORT = 24


class FrameCounter:
    """Counts the data frames of a stream by their headers, wherever it is split."""

    __slots__ = ("rest", "skip", "events")

    def __init__(self):
        self.rest, self.skip, self.events = b"", 0, 0

    def feed(self, data):
        if self.rest:
            data = self.rest + data
            self.rest = b""
        at, end = self.skip, len(data)
        while at + 2 <= end:
            length, head = data[at + 1] & 0x7F, 2
            if length > 125:
                head = 4 if length == 126 else 10
                if at + head > end:
                    break
                length = int.from_bytes(data[at + 2:at + head], "big")
            if data[at] & 0x08 == 0:
                self.events += 1
            at += head + length
        if at < end:
            self.rest, self.skip = data[at:], 0
        else:
            self.skip = at - end


def text_frame(text):
    """Masked with zeros: RFC 6455 wants a mask, and this one costs nothing."""
    payload = text.encode()
    size = len(payload)
    head = bytes([0x81, 0x80 | size]) if size < 126 else bytes([0x81, 0xFE]) + size.to_bytes(2, "big")
    return head + bytes(4) + payload


class Swarm:
    def __init__(self, arguments, secret):
        self.arguments, self.secret = arguments, secret
        self.epoll = select.epoll()
        self.clients = {}  # descriptor: (stream, counter)
        self.tokens_made = 0
        self.shared_token = hs256(of_user("everybody"), secret) if secret else ""
        self.tls = tls_context() if arguments.tls else None

    def visit(self, count):
        for _ in range(count):
            self.upgraded()[0].close()
        return {"visits": count}

    def connect(self, count):
        while len(self.clients) < count:
            stream, counter = self.upgraded()
            stream.go_on_without_blocking()
            self.clients[stream.fileno()] = (stream, counter)
            self.epoll.register(stream.fileno(), select.EPOLLIN)
        return {"connected": len(self.clients)}

    def upgraded(self):
        """A stream behind its 101, and the counter of what has come behind that."""
        end = socket.socket()
        end.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)  # so that ports last
        end.bind((f"127.0.0.{2 + self.tokens_made % SOURCES}", 0))
        end.connect(("127.0.0.1", self.arguments.port))
        stream = TlsStream(end, self.tls) if self.tls else PlainStream(end)
        stream.send(self.request().encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = stream.receive()
            if piece is None:
                raise ConnectionError(f"closed after {answer[:200]!r}")
            answer += piece
        head, _, rest = answer.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.splitlines()[0].decode())
        if self.arguments.deflate and b"permessage-deflate" not in head:
            raise ConnectionError("the server does not take permessage-deflate")
        counter = FrameCounter()
        counter.feed(rest)
        return stream, counter

    def request(self):
        self.tokens_made += 1
        target = self.arguments.path
        if self.secret:
            user = f"user{self.tokens_made:012d}"
            target += f"?token={hs256(of_user(user), self.secret) if self.arguments.users else self.shared_token}"
        extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if self.arguments.deflate else ""
        return (f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{extension}"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Y2FyaWxsb24gYmVuY2ghIQ==\r\n\r\n")

    def send(self, count, template):
        for number, (stream, _) in enumerate(self.clients.values()):
            stream.send(b"".join(text_frame(template.replace("$i", str(number)).replace("$k", str(k)))
                                 for k in range(count)))
        return {"sent": count * len(self.clients)}

    def wait_for(self, events):
        lacking = {fd for fd, (_, counter) in self.clients.items() if counter.events < events}
        quiet_since = time.monotonic()
        while lacking and time.monotonic() - quiet_since < QUIET_S_MAX:
            for fd, _ in self.epoll.poll(0.2, 1024):
                quiet_since = time.monotonic()
                if not self.read(fd) or (fd in lacking and self.clients[fd][1].events >= events):
                    lacking.discard(fd)
        received = [counter.events for _, counter in self.clients.values()]
        return {"connected": len(received), "events": sum(received), "fewest": min(received, default=0),
                "most": max(received, default=0), "records": sum(stream.records for stream, _ in self.clients.values())}

    def read(self, fd):
        """False when the server has closed it."""
        stream, counter = self.clients[fd]
        data = stream.receive()
        if data is not None:
            counter.feed(data)
            return True
        self.epoll.unregister(fd)
        del self.clients[fd]
        stream.close()
        return False


def obey(swarm, line):
    verb, _, rest = line.partition(" ")
    if verb == "visit":
        return swarm.visit(int(rest))
    if verb == "connect":
        return swarm.connect(int(rest))
    if verb == "await":
        return swarm.wait_for(int(rest))
    if verb == "send":
        count, _, template = rest.partition(" ")
        return swarm.send(int(count), template)
    raise ValueError(f"no such command: {line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/ws")
    for switch in ("--users", "--tls", "--deflate"):
        parser.add_argument(switch, action="store_true")
    swarm = Swarm(parser.parse_args(), os.environ.get("CARILLON_JWT_SECRET", ""))
    for line in sys.stdin:
        try:
            answer = obey(swarm, line.rstrip("\n"))
        except (OSError, ValueError) as error:
            answer = {"error": f"the clients: {error}"}
        print(json.dumps(answer), flush=True)
    os._exit(0)  # the kernel closes twenty thousand sockets faster than one by one


if __name__ == "__main__":
    main()

"""Many WebSocket clients that count what they hear: for the rows that need TLS, deflate, or a client that is told
what to do step by step, which `carillon bench` does not do. Only the server's CPU time and memory are looked at
there, so that this may be slow.

    python3 -m harness.swarm --port P [--path /ws] [--users] [--tls] [--deflate]

Obeys lines on stdin, each answered by a line of JSON once it is done:

    connect N             be N clients in all
    say COUNT TEMPLATE    each client sends so many messages; $i is its number, $k the message's
    await EVENTS          until each client has heard so many since the start
    quit                  (or the end of stdin)

Tokens are minted with CARILLON_JWT_SECRET: one for all, or with --users one with a 16-byte `sub` for each.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import select
import socket
import ssl
import sys
import time

QUIET_S_MAX = 20
READ_BYTES = 256 * 1024
SOURCES = 16


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


def token_for(subject, secret):
    return signed_token({"sub": subject, "exp": int(time.time()) + 86400}, secret)


def signed_token(claims, secret):
    def packed(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    signed = packed(b'{"alg":"HS256"}') + b"." + packed(json.dumps(claims).encode())
    return (signed + b"." + packed(hmac.new(secret.encode(), signed, hashlib.sha256).digest())).decode()


class Swarm:
    def __init__(self, arguments, secret):
        self.arguments, self.secret = arguments, secret
        self.epoll = select.epoll()
        self.clients = {}  # descriptor: (socket, counter)
        self.shared_token = token_for("everybody", secret) if secret else ""
        self.tls = None
        self.records = 0
        if arguments.tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def connect(self, count):
        while len(self.clients) < count:
            self.connect_one(len(self.clients))
        return {"connected": len(self.clients)}

    def connect_one(self, number):
        stream = socket.socket()
        stream.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: ports last longer
        stream.bind((f"127.0.0.{2 + number % SOURCES}", 0))
        stream.connect(("127.0.0.1", self.arguments.port))
        if self.tls:
            stream = self.tls.wrap_socket(stream)
        stream.sendall(self.request(number).encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = stream.recv(4096)
            if not piece:
                raise ConnectionError(f"client {number}: closed after {answer[:200]!r}")
            answer += piece
        head, _, rest = answer.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(f"client {number}: {head.splitlines()[0].decode()}")
        if self.arguments.deflate and b"permessage-deflate" not in head:
            raise ConnectionError("the server does not take permessage-deflate")
        stream.setblocking(False)
        counter = FrameCounter()
        counter.feed(rest)
        self.clients[stream.fileno()] = (stream, counter)
        self.epoll.register(stream.fileno(), select.EPOLLIN)

    def request(self, number):
        target = self.arguments.path
        if self.secret:
            token = token_for(f"user{number:012d}", self.secret) if self.arguments.users else self.shared_token
            target += f"?token={token}"
        extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if self.arguments.deflate else ""
        return (f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{extension}"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: Y2FyaWxsb24gYmVuY2ghIQ==\r\n\r\n")

    def say(self, count, template):
        for number, (stream, _) in enumerate(self.clients.values()):
            frames = b"".join(text_frame(template.replace("$i", str(number)).replace("$k", str(k)))
                              for k in range(count))
            stream.setblocking(True)
            stream.sendall(frames)
            stream.setblocking(False)
        return {"said": count * len(self.clients)}

    def wait_for(self, events):
        lacking = {fd for fd, (_, counter) in self.clients.items() if counter.events < events}
        quiet_since = time.monotonic()
        while lacking and time.monotonic() - quiet_since < QUIET_S_MAX:
            for fd, _ in self.epoll.poll(0.2, 1024):
                quiet_since = time.monotonic()
                if not self.read(fd) or (fd in lacking and self.clients[fd][1].events >= events):
                    lacking.discard(fd)
        heard = [counter.events for _, counter in self.clients.values()]
        return {"connected": len(heard), "events": sum(heard), "fewest": min(heard, default=0),
                "most": max(heard, default=0)}

    def read(self, fd):
        """False when the server has closed it."""
        stream, counter = self.clients[fd]
        try:
            while True:
                data = stream.recv(READ_BYTES)
                if not data:
                    break
                counter.feed(data)
                if not (self.tls and stream.pending()):
                    return True
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        self.epoll.unregister(fd)
        del self.clients[fd]
        stream.close()
        return False


def obey(swarm, line):
    verb, _, rest = line.partition(" ")
    if verb == "connect":
        return swarm.connect(int(rest))
    if verb == "await":
        return swarm.wait_for(int(rest))
    if verb == "say":
        count, _, template = rest.partition(" ")
        return swarm.say(int(count), template)
    raise ValueError(f"no such command: {line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/ws")
    for switch in ("--users", "--tls", "--deflate"):
        parser.add_argument(switch, action="store_true")
    swarm = Swarm(parser.parse_args(), os.environ.get("CARILLON_JWT_SECRET", ""))
    for line in sys.stdin:
        if line.strip() == "quit":
            break
        try:
            answer = obey(swarm, line.rstrip("\n"))
        except (OSError, ValueError) as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)
    os._exit(0)  # the kernel closes twenty thousand sockets faster than one by one


if __name__ == "__main__":
    main()

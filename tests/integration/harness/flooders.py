"""Clients that send as fast as they can: PORT, TARGET, how many, WHAT.

WHAT is a kind of UNITS below. Each client connects, upgrades where its kind is a WebSocket's, and sends the
same bytes over and over; one that is closed connects again after a tenth of a second. What comes back is
read and thrown away. At the end of its input it prints how many bytes it sent and how often it was closed.
"""

import json
import selectors
import socket
import sys
import time

MASK = b"\0\0\0\0"  # a legal key, under which a payload stays as it is
HEAD = ("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
RECONNECT_AFTER = 0.1


def frame(first_byte, payload=b""):
    size = len(payload)
    if size < 126:
        return bytes([first_byte, 0x80 | size]) + MASK + payload
    if size < 65536:
        return bytes([first_byte, 0x80 | 126]) + size.to_bytes(2, "big") + MASK + payload
    return bytes([first_byte, 0x80 | 127]) + size.to_bytes(8, "big") + MASK + payload


def command(kind):
    return frame(0x81, json.dumps({"type": kind, "data": {"channel": "a"}}).encode())


UNITS = {
    "pings": frame(0x89),
    "pongs": frame(0x8A),
    "empty messages": frame(0x81),
    "messages of 64 KiB": frame(0x81, b"x" * 65536),
    "subscribe and unsubscribe": command("subscribe") + command("unsubscribe"),
    "fragments of one byte": frame(0x01, b"x") + frame(0x00, b"x") * 1000 + frame(0x80, b"x"),
    "requests": b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n",
}


class Flooder:
    def __init__(self, port, target, unit, selector):
        self.port, self.target, self.selector = port, target, selector
        self.bytes = unit * max(1, 65536 // len(unit))
        self.sent = self.ends = self.at = 0
        self.connect()

    def connect(self):
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        if self.target:
            self.socket.sendall(HEAD.format(self.target).encode())
        self.socket.setblocking(False)
        self.at = 0
        self.selector.register(self.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, self)

    def on_event(self, events):
        try:
            if events & selectors.EVENT_READ and not self.socket.recv(65536):
                return False
            if events & selectors.EVENT_WRITE:
                count = self.socket.send(self.bytes[self.at:])
                self.at = (self.at + count) % len(self.bytes)
                self.sent += count
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True

    def end(self):
        self.selector.unregister(self.socket)
        self.socket.close()
        self.ends += 1


def main(port, target, count, what):
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    flooders = [Flooder(port, target, UNITS[what], selector) for _ in range(count)]
    waiting = []  # (when, who) connects again
    print(json.dumps("flooding"), flush=True)
    while True:
        for key, events in selector.select(0.05):
            if key.data is None:
                print(json.dumps({"sent": sum(each.sent for each in flooders),
                                  "ends": sum(each.ends for each in flooders)}), flush=True)
                return
            if not key.data.on_event(events):
                key.data.end()
                waiting.append((time.monotonic() + RECONNECT_AFTER, key.data))
        while waiting and waiting[0][0] <= time.monotonic():
            waiting.pop(0)[1].connect()


main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])

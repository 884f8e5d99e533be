"""WebSocket clients that read at a pace: PORT, TARGET, how many, bytes per second each, events to expect.

Each has a receive buffer of 64 KiB. Prints "connected", and when every client has all its events or is closed,
a JSON array with an object each: {"events": N, "in_order": bool, "close": code or null}.
"""

import json
import re
import select
import socket
import sys
import time

HEAD = ("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
TICK_S = 0.01
NUMBER = re.compile(rb'"n":(\d+)')


class Client:
    def __init__(self, port, target):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(HEAD.format(target).encode())
        self.buffer = bytearray()
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.socket.recv(4096)
        del self.buffer[:self.buffer.index(b"\r\n\r\n") + 4]
        self.socket.setblocking(False)
        self.events, self.in_order, self.close, self.ended, self.read = 0, True, None, False, 0

    def read_up_to(self, count):
        try:
            data = self.socket.recv(count)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.read += len(data)
        if not data:
            self.ended = True
            return
        self.buffer += data
        while self.take_frame():
            pass

    def take_frame(self):
        if len(self.buffer) < 2:
            return False
        length, begin = self.buffer[1] & 0x7f, 2
        if length >= 126:
            begin = 4 if length == 126 else 10
            length = int.from_bytes(self.buffer[2:begin], "big")
        if len(self.buffer) < begin + length:
            return False
        opcode, payload = self.buffer[0] & 0xf, bytes(self.buffer[begin:begin + min(length, 200)])
        del self.buffer[:begin + length]
        if opcode == 8:
            self.close = int.from_bytes(payload[:2], "big")
        elif opcode == 1:
            found = NUMBER.search(payload)
            self.in_order = self.in_order and found is not None and int(found.group(1)) == self.events
            self.events += 1
        return True


def main(port, target, count, bytes_per_s, expected):
    clients = [Client(port, target) for _ in range(count)]
    print("connected", flush=True)
    began = None
    while waiting := [each for each in clients if not each.ended and each.close is None and each.events < expected]:
        if began is None:
            select.select([each.socket for each in waiting], [], [])  # the pace begins with the first event
            began = time.monotonic()
        allowed = int((time.monotonic() - began) * bytes_per_s)
        for each in waiting:
            if allowed > each.read:
                each.read_up_to(min(allowed - each.read, 256 * 1024))
        time.sleep(TICK_S)
    print(json.dumps([{"events": each.events, "in_order": each.in_order, "close": each.close} for each in clients]),
          flush=True)


main(int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:6]))

"""A WebSocket client with a receive buffer of 16 KiB that reads so many bytes a second: PORT, TARGET, RATE.

It answers pings as it reads them. When the connection has ended it prints how many payload bytes of text it
got, how many pings, the code of the close frame (null: none), and after how many seconds the end came.
"""

import json
import socket
import sys
import time

MASK = b"\0\0\0\0"
HEAD = ("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
STEP = 0.05


def take_frame(data):
    """Opcode, payload, and what is left; None when no frame is whole."""
    if len(data) < 2:
        return None
    size, head = data[1] & 127, 2
    if size == 126:
        size, head = int.from_bytes(data[2:4], "big"), 4
    elif size == 127:
        size, head = int.from_bytes(data[2:10], "big"), 10
    if len(data) < head or len(data) < head + size:
        return None
    return data[0] & 15, data[head:head + size], data[head + size:]


def connect(port, target):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
    client.connect(("127.0.0.1", port))
    client.sendall(HEAD.format(target).encode())
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(1)
    print(json.dumps("open"), flush=True)
    return client


def main(port, target, rate):
    client = connect(port, target)
    seen = {"text": 0, "pings": 0, "close": None}
    began = time.monotonic()
    data = b""
    try:
        while piece := client.recv(int(rate * STEP)):
            data += piece
            while frame := take_frame(data):
                opcode, payload, data = frame
                if opcode == 9:
                    seen["pings"] += 1
                    client.sendall(bytes([0x8A, 0x80 | len(payload)]) + MASK + payload)
                elif opcode == 8:
                    seen["close"] = int.from_bytes(payload[:2], "big")
                else:
                    seen["text"] += len(payload)
            time.sleep(STEP)
    except OSError as error:
        seen["error"] = str(error)
    print(json.dumps({**seen, "seconds": time.monotonic() - began}), flush=True)


main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))

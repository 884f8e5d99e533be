"""Clients that ask for the upgrade and never read a byte: PORT, TARGET, how many.

Prints their ports as JSON once all have asked. At the end of its input it reads after all, and prints how
each connection ended: "reset", "fin" or "open". (Node cannot distinguish a reset from an end while it is paused.)
"""

import errno
import json
import socket
import sys

HEAD = ("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")


def how_it_ended(client):
    client.settimeout(3)
    try:
        while client.recv(65536):
            pass
        return "fin"
    except TimeoutError:
        return "open"
    except OSError as error:
        return "reset" if error.errno == errno.ECONNRESET else str(error)


def main(port, target, count):
    clients = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(HEAD.format(target).encode())
        clients.append(client)
    print(json.dumps([client.getsockname()[1] for client in clients]), flush=True)
    sys.stdin.read()
    print(json.dumps([how_it_ended(client) for client in clients]), flush=True)


main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))

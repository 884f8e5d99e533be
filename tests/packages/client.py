"""A client for the tests of the packages: runs in the network of a machine (machine.py).

    client.py get URL                      prints the status and the body
    client.py receive URL                  prints "open", "message TEXT" for each, "closed CODE"
    client.py publish URL KEY CHANNEL JSON prints the answer
"""

import asyncio
import json
import sys
import urllib.error
import urllib.request

import websockets


def fetch(request):
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            print(answer.status)
            print(answer.read().decode(), end="")
    except urllib.error.HTTPError as error:
        print(error.code)
        print(error.read().decode(), end="")
    except OSError as error:
        print(0)
        print(error, end="")


async def receive(url):
    try:
        async with websockets.connect(url) as connection:
            print("open", flush=True)
            async for message in connection:
                print("message", message, flush=True)
            print("closed", connection.close_code, flush=True)
    except (OSError, websockets.WebSocketException) as error:
        print("closed", getattr(error, "code", error), flush=True)


def main():
    verb, url, *rest = sys.argv[1:]
    if verb == "get":
        fetch(url)
    elif verb == "publish":
        key, channel, data = rest
        body = f'{{"channel":{json.dumps(channel)},"data":{data}}}'.encode()
        fetch(urllib.request.Request(url, body, {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}))
    else:
        asyncio.run(receive(url))


if __name__ == "__main__":
    main()

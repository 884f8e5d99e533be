"""Follows an event stream with httpx-sse, and comes back with the id of the last event whenever the stream ends.

    stream.py URL

Writes {"event", "id", "data"} for each event, as a line of JSON.
"""

import json
import sys
import time

import httpx
from httpx_sse import connect_sse

AGAIN_S = 0.02


def follow(client, url, last):
    """The id of the last event that was received until the stream ended."""
    headers = {"Last-Event-ID": last} if last else {}
    try:
        with connect_sse(client, "GET", url, headers=headers) as source:
            source.response.raise_for_status()
            for event in source.iter_sse():
                last = event.id or last
                if event.data:
                    line = {"event": event.event, "id": event.id, "data": json.loads(event.data)}
                    print(json.dumps(line), flush=True)
    except httpx.HTTPError:
        pass
    return last


def main():
    last = ""
    with httpx.Client(timeout=None) as client:
        while True:
            last = follow(client, sys.argv[1], last)
            time.sleep(AGAIN_S)


if __name__ == "__main__":
    main()
